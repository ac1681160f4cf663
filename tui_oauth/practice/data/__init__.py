"""What the practice provider knows about its workspaces' customers: rows that are computed, not stored."""
