#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "slipway/tar/header.h"
#include "slipway/tar/pax.h"

/// Members of a tar, both ways.
///
/// Reading: call next() for the headers of the next member, then consume `size` bytes of content and padding(size)
/// bytes from the same input yourself, then call next() again, until it returns nullopt.
///
///     Result<std::vector<std::string>> names_in(tar::FillBuffer fill, const Skip& skip) {
///       tar::MemberReader reader(std::move(fill));
///       std::vector<std::string> names;
///       while (true) {
///         SLIPWAY_ASSIGN(const auto member, reader.next());
///         if (!member) return names;
///         names.push_back(member->path);
///         skip(member->size + tar::padding(member->size));
///       }
///     }
///
/// A member is one header block with the extensions before it: pax "x" headers, GNU's long names ("L", "K"). Only one
/// reading is ever given: that on which GNU tar, Go's archive/tar and libarchive agree. The reader refuses what they
/// read differently (sparse files, a "path" record beside a long name, two pax headers for one member, a file whose
/// name ends in "/", content of what is not a file) with Errc::malformed. One thread at a time; memory is bounded by
/// the largest extension, 1 MiB.
namespace slipway::tar {

/// The type of a member; a contiguous file (typeflag 7) is a `file`.
enum class MemberType { file, hard_link, symlink, char_device, block_device, folder, fifo };

/// A header block that stands before a member's own and extends it, with its unparsed body.
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

  std::string block;                  ///< the 512 bytes of the header; empty for a member that was not read
  std::vector<Extension> extensions;  ///< the headers before it
};

/// Fills a buffer and returns the number of bytes; fewer than its size only at the end of the input.
using FillBuffer = std::function<Result<std::size_t>(std::span<char>)>;

/// Reads the members of one tar; see the head of this file. After an error it must not be used again.
class MemberReader {
 public:
  explicit MemberReader(FillBuffer fill) : fill_(std::move(fill)) {}

  /// Returns the next member; nullopt at the first block of zeros and at the end of the input.
  Result<std::optional<Member>> next();
  /// Returns the offset of the block after the last member, in bytes, once next() has returned nullopt.
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

/// Returns the header blocks of a member: ustar, preceded by a pax header for what ustar cannot express
/// (docs/FORMATS.md "Layers"). Errc::invalid_argument for what layers do not carry, such as a time before 1970. `block`
/// and `extensions` are not read.
Result<std::string> encode_member(const Member& member);

/// Returns a pax header with its padded body, to be put before the header of a member.
std::string encode_pax_header(const Records& records, const HeaderStyle& style = {});

}  // namespace slipway::tar
