"""The command line: words in, text or JSON and an exit code out.

`main` runs a command and is the only exit, `arguments` and `options` say what can be typed, `invocation` makes settings
of it, `console` is the only print and the only question.
"""
