#pragma once

#include "elf/byte_order.h"

namespace slipway::elf {

/// Takes build-id, package and dlopen metadata out of a note segment; what is not understood is passed over, since
/// notes decide nothing about loading.
void read_notes(std::string_view notes, const ByteOrder& order, std::size_t align, Object& object);

}  // namespace slipway::elf
