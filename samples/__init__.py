"""Stories, each with a workbook, a PBX and what comes of them."""
