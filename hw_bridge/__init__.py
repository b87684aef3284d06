"""Real units and stations behind the seam: VDA 5050 messages over encrypted ZeroMQ.

vda5050/   the messages, their rules, and names that both ends use
wire/      sockets, keys and the frame around every message
agent/     what runs on a drive unit
stations/  what runs on a station's terminal
"""
