"""The kinds of file a workbook comes as, a module each; `batch.sheets.reading` is the door to them."""
