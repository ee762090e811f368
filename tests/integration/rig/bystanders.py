# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of others, with families, kinds and names that are near the service's, and elements that a mistaken
transaction would meet. Needs a device eth0."""

from . import kernel

_TABLES = '''
table ip6 filter {
  set names { type ifname; elements = { "vrrp6", "eth0" } ; }
  map verdicts { type ifname . icmpv6_type : verdict; elements = { "vrrp6" . 143 : drop } ; }
  chain output { type filter hook output priority filter; policy accept; oifname @names icmpv6 type 200 drop ; }
}
table ip6 vmac_mldfilter2 { map parents { type ifname : iface_index; elements = { "vrrp6" : "eth0" } ; } }
table inet vmac_mldfilter {
  map verdicts { type ifname : verdict; elements = { "vrrp6" : accept } ; }
  chain relocate { drop ; }
}
table arp vmac_mldfilter { chain output { type filter hook output priority 0; policy accept; } }
table bridge vmac_mldfilter_probe { set exempt { type ether_addr; elements = { 00:00:5e:00:02:05 } ; } }
table ip nat { chain postrouting { type nat hook postrouting priority srcnat; oifname "eth9" masquerade ; } }
table netdev others { chain egress_eth0 { type filter hook egress device "eth0" priority 5; policy accept; } }
'''


def add():
    kernel.nft(_TABLES)


def listed(*ours):
    """All tables but the service's own, and these of a name, to the letter."""
    own = {(family, name) for family in kernel.ALL_FAMILIES for name in (kernel.TABLE, *ours)}
    return {table: kernel.foreign(*table) for table in kernel.all_tables() if table not in own}
