#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::tar {

/// Size of a tar block, bytes. Headers are one block; contents are padded to whole blocks.
inline constexpr std::size_t kBlock = 512;

/// Returns the number of bytes that fill the last block of a content of `size` bytes.
constexpr std::uint64_t padding(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

/// The format that a header's magic names. It decides what the bytes behind the owner's names mean.
enum class Dialect { v7, ustar, gnu };

/// The fields of one header block, as they stand in it.
struct Header {
  std::string name;        ///< at most 100 bytes
  std::string prefix;      ///< ustar only, at most 155 bytes: what stands before "/" and the name
  char type = '0';         ///< the typeflag as it stands: '\0' is a file of old archives
  std::uint32_t mode = 0;  ///< permission bits, 07777
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;   ///< bytes
  std::int64_t mtime = 0;   ///< seconds since the epoch
  std::string link;         ///< at most 100 bytes
  std::uint32_t major = 0;  ///< of devices
  std::uint32_t minor = 0;
  Dialect dialect = Dialect::ustar;

  /// Returns prefix and name as one path.
  std::string path() const;
};

/// Parses one block of kBlock bytes. GNU tar, Go's archive/tar and libarchive give the same answer for all that is
/// accepted, wherever the header stands in an archive; what they read differently is Errc::malformed, with a fragment
/// for messages such as "a header has a size that is not a number". Both kinds of checksum are accepted (of signed and
/// of unsigned bytes).
Result<Header> decode_header(std::string_view block);

/// Parses a number field: octal digits with blanks before and blanks or NULs behind, only NULs (zero), or GNU's
/// base-256 with the first byte 0x80 or 0xff. Returns nullopt for anything else and for numbers beyond int64.
std::optional<std::int64_t> decode_number(std::string_view field);

/// Choices of encode_header() that readers do not notice.
struct HeaderStyle {
  bool devices = true;     ///< device numbers for every type of entry, as octal zeros
  bool gnu_sizes = false;  ///< GNU's magic where a size needs base-256
};

/// Writes one block: octal numbers with a final NUL, base-256 where the digits do not suffice. `header.dialect` is not
/// read: the magic is ustar's. Names longer than their fields are cut.
std::string encode_header(const Header& header, const HeaderStyle& style = {});

/// Returns true if a number fits into an octal field of `width` bytes with its final NUL.
constexpr bool fits_octal(std::uint64_t value, std::size_t width) { return value >> (3 * (width - 1)) == 0; }

}  // namespace slipway::tar
