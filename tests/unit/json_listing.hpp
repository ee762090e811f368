// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "nft/element_lines.hpp"
#include "nft/engine.hpp"

// The elements of the first line as libnftables lists them. The service reads them by netlink; this is another way to
// the same kernel, so each shows that the other one is right.
namespace vmac::test {

/// Takes the elements of a listing into @p reading, which has none of that family yet. What is no element of ours is
/// foreign there, once for the family; the others are taken nevertheless. The structure is left out.
/// @param text what libnftables prints for list_table() of @p family, one of the first line
/// @throws std::exception for a text that is no listing
void take_elements(nft::Family family, const std::string &text, nft::Reading &reading);

/// The elements of both tables, which must be there. @throws Error as Engine::run()
nft::Reading list_elements(nft::Engine &engine);

}  // namespace vmac::test
