#pragma once

#include <map>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::tar {

/// The records of a pax header (POSIX pax, "x" and "g" headers), by keyword.
using Records = std::map<std::string, std::string>;

/// Parses the body of a pax header: of equal keywords the last one counts. GNU tar, Go's archive/tar and libarchive
/// agree on what is accepted; anything else is Errc::malformed, e.g. "a pax record has no line end".
/// NULs are refused where a reader would cut the value, and kept elsewhere (attributes).
Result<Records> decode_records(std::string_view body);

/// Returns the records in the order of their keywords, "LENGTH KEY=VALUE\n" each, where LENGTH counts itself.
std::string encode_records(const Records& records);

/// Returns true for keywords that say what a member's name, content or metadata is; of a "g" header some readers
/// apply them to every member and others to none.
bool decides_member(std::string_view keyword);

/// Returns true for keywords of sparse files, whose content only some readers put together.
bool is_sparse(std::string_view keyword);

}  // namespace slipway::tar
