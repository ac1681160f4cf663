"""The practice provider in the part of a service of the catalogue (`tui-oauth sandbox --as`)."""
