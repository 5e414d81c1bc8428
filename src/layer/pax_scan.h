#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "slipway/io/stream.h"

namespace slipway::layer {

/// Watches a tar stream go by for what libarchive lets pass but other readers take differently: NUL in pax
/// values (where names are cut) and pax sizes that contradict the header. It only ever looks at
/// headers whose checksum is right, and falls silent where it loses the thread.
class PaxScan {
 public:
  /// Errc::malformed for a finding.
  Status see(io::Bytes bytes);

 private:
  Status header();
  Status records(std::string_view body);

  enum class State { header, body, skip, lost } state_ = State::header;
  std::string pending_;       ///< the header or pax body collected so far
  std::size_t wanted_ = 512;  ///< how long `pending_` must become
  std::uint64_t skip_ = 0;    ///< content bytes to pass over
  std::string size_record_;   ///< of the pax header before the next entry
};

}  // namespace slipway::layer
