"""One report of one or more runs: a self-contained HTML page and Markdown, in Spanish or English.

`collect` reads what was measured, sections tell it in blocks, and `html` and `markdown` write the blocks.
"""
