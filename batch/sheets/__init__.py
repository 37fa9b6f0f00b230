"""What people type: the layout, the reading, the rows and their problems, and the way back to them."""
