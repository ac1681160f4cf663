"""The health of a vault: what `tui-oauth doctor` looks at, and saving what can be saved.

    findings  what is found, and the report of it
    places    file, folders, lock, leftovers, disk: what can be told without a key
    content   header, slots, MAC and every entry
    copies    the copies beside the vault, the last-seen note, kept answers
    examine   all of the above for one vault
    scan      records in a file that is no vault any more; a flipped bit is turned back
    salvage   a new vault of what the scan finds

Nothing in here but `salvage` writes, and that only to a new file.
"""
