"""Records of fleet_control.link into messages of VDA 5050 and of stations, and back."""
