"""What the fleet is for: orders, inventory, stations and the tasks that follow from them."""
