"""Does a change help, by how much, and how sure are we: paired experiments with confidence."""
