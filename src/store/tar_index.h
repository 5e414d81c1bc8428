#pragma once

#include <map>
#include <string>

#include "store/extent.h"

namespace slipway::store {

/// The files of a tar by name: "./" dropped, links to other members followed. Nothing is unpacked.
using TarIndex = std::map<std::string, Extent>;

/// Reads the headers of an uncompressed tar (tar::MemberReader). Errc::malformed for damage, truncation, names that
/// escape, two files of one name, devices and sparse files; Errc::too_large beyond 65,536 members.
/// `what` names it in messages.
Result<TarIndex> index_tar(const Extent& tar, const std::string& what);

/// Writes the members of an archive: ustar, with pax for long names; mode 0644, owner 0:0, time 0;
/// folders as they are needed.
class TarWriter {
 public:
  explicit TarWriter(io::Sink& to) : to_(to) {}
  /// Names in byte order.
  Status file(const std::string& name, std::uint64_t size, io::Source& bytes);
  /// The end of the archive; the sink is not finished.
  Status end();

 private:
  Status folders_of(const std::string& name);
  Status pad(std::uint64_t written);

  io::Sink& to_;
  std::string folder_;
};

}  // namespace slipway::store
