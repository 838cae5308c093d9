"""The addresses of the laboratory: an agent's VPC on AWS, the Internet, and a caller's home.

agent 10.0.11.10 ── natgw ── public subnet 10.0.0.0/24 ── igw ── the Internet 203.0.113.0/24
                               └─ relay 10.0.0.20                  └─ home ── caller 192.168.1.10

natgw   a NAT gateway: another port for every destination, nothing comes in
igw     an internet gateway: one-to-one, 10.0.0.5 ↔ 203.0.113.10 (natgw), 10.0.0.20 ↔ 203.0.113.20 (relay);
        and the relay's security group.  A packet from the VPC to an address of its own turns round here.
home    a router at home: one port for all destinations, or symmetric like natgw
host    203.0.113.40, a machine on the Internet: a peer of nobody, a web server, a prober
"""

MACHINES = ("internet", "igw", "natgw", "agent", "relay", "home", "caller", "host")

AGENT = "10.0.11.10"
AGENT_SUBNET = "10.0.11.0/24"
VPC = "10.0.0.0/16"
RELAY = "10.0.0.20"
RELAY_PUBLIC = "203.0.113.20"
NAT_GATEWAY = "10.0.0.5"
NAT_GATEWAY_PUBLIC = "203.0.113.10"
HOME_PUBLIC = "203.0.113.30"
HOME_SUBNET = "192.168.1.0/24"
CALLER = "192.168.1.10"
HOST = "203.0.113.40"
OTHER_HOST = "203.0.113.41"
"""A second address of the same machine: another destination for a NAT."""

RELAY_PORTS = (49152, 50175)
"""The default of `turn.relay_ports_first` and `_last` in a stage."""
