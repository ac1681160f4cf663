"""The commands. Standard output is data, standard error is narration.

`main` parses and maps errors to exit codes, `tree` is the argparse tree; each other module holds
one group of commands and is imported only when one of them runs.
"""
