"""The compilers graphfix asks: one adapter file each, every question in a process of its own."""
