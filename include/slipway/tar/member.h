#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "slipway/tar/header.h"
#include "slipway/tar/pax.h"

// Members of a tar, both ways.
//
// Reading: call next() for the headers of the next member, then consume `size` bytes of content and padding(size)
// bytes from the same input, then call next() again. After the end nothing is left to call.
//
//   tar::MemberReader reader(read);
//   while (true) {
//     SLIPWAY_ASSIGN(const auto member, reader.next());
//     if (!member) break;
//     consume(member->size + tar::padding(member->size));
//   }
//
// A member is one header block with the extensions before it: pax "x" headers, GNU's long names ("L", "K"). Only one
// reading is ever given: that on which GNU tar, Go's archive/tar and libarchive agree. The reader refuses what they
// read differently (sparse files, a "path" record beside a long name, two pax headers for one member, a file whose name
// ends in "/", content of what is not a file) with Errc::malformed. One thread at a time; memory is bounded by the
// largest extension, 1 MiB.

namespace slipway::tar {

enum class MemberType { file, hard_link, symlink, char_device, block_device, folder, fifo };

/// A header before a member's own, as it stands.
struct Extension {
  char type = 'x';  ///< 'x', 'g', 'L' or 'K'
  std::string body;
};

/// One file of a tar.
struct Member {
  std::string path;  ///< as it stands: "./a", "/a", "a/"; any bytes but NUL
  MemberType type = MemberType::file;
  std::uint32_t mode = 0;  ///< 07777
  std::uint64_t uid = 0;   ///< at most 2^32 - 1
  std::uint64_t gid = 0;
  std::uint64_t size = 0;  ///< bytes of content that follow; 0 but for files
  std::int64_t mtime = 0;  ///< seconds since the epoch, rounded down
  std::string link;        ///< of symlinks and hard links
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::map<std::string, std::string> attributes;  ///< extended attributes, by name

  std::string block;                  ///< the header as it stands; empty for what was not read
  std::vector<Extension> extensions;  ///< the headers before it
};

/// Fills a buffer; fewer bytes only at the end of the input.
using FillBuffer = std::function<Result<std::size_t>(std::span<char>)>;

/// Reads the members of one tar. See the head of this file.
class MemberReader {
 public:
  explicit MemberReader(FillBuffer fill) : fill_(std::move(fill)) {}

  /// Returns the next member; nothing at the first block of zeros and at the end of the input.
  Result<std::optional<Member>> next();
  /// Returns the offset of the block after the last member, once next() returned nothing.
  std::uint64_t end() const { return at_; }

 private:
  Result<std::string> take(std::uint64_t size);
  Status extend(const Header& header);
  Result<Member> member(const Header& header, std::string block);

  FillBuffer fill_;
  std::uint64_t at_ = 0;  // bytes, with the contents that the caller consumes
  bool pax_ = false;      // a pax header came: libarchive then obeys sizes of hard links
  std::vector<Extension> extensions_;
};

/// Writes the header blocks of a member: ustar, preceded by a pax header for what ustar cannot say
/// (docs/FORMATS.md "Layers"). Errc::invalid_argument for what no tar can say. `block` and `extensions` are not read.
Result<std::string> encode_member(const Member& member);

/// Writes a pax header with its body, ready to stand before a member.
std::string encode_pax_header(const Records& records, const HeaderStyle& style = {});

}  // namespace slipway::tar
