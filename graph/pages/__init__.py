"""Pages that people look at: one file each, which needs no network and runs nothing that it was not made with."""
