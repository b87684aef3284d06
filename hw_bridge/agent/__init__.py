"""What runs on a drive unit: takes orders over the link and drives motors by them.

It depends on hw_bridge.vda5050 and hw_bridge.wire only, and knows nothing of any controller's
insides. `DriveAgent` does no input or output and reads no clock.
"""
