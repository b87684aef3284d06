"""What all engines of the twin share: the floor, what units do next, the collision monitor."""
