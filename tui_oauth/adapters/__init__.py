"""How other programs want a token: pure functions from values to texts, no input or output.

One module for each kind of program. What an adapter cannot say exactly it refuses with UsageProblem.
"""
