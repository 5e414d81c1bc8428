#include "elf/file_bytes.h"

#include <algorithm>
#include <cstring>

#include "slipway/base/text.h"

namespace slipway::elf {

Result<std::string> FileBytes::piece(std::uint64_t at, std::uint64_t size, std::string_view what) const {
  if (at > size_ || size > size_ - at)
    return damaged(fmt::format("its {} would be {} bytes at {}, but the file has {}", what, size, at, size_));
  SLIPWAY_ASSIGN(std::string bytes, up_to(at, size));
  if (bytes.size() != size) return damaged("it became shorter while it was read");
  return bytes;
}

Result<std::string> FileBytes::up_to(std::uint64_t at, std::uint64_t size) const {
  std::string bytes(at > size_ ? 0 : std::min(size, size_ - at), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::span<std::byte> rest(reinterpret_cast<std::byte*>(bytes.data()) + done, bytes.size() - done);
    SLIPWAY_ASSIGN(const std::size_t n, read_(rest, at + done));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

tl::unexpected<Error> FileBytes::damaged(std::string_view why) const {
  return fail(Error(Errc::malformed, fmt::format("{} is a damaged ELF file: {}", printable(name_, 4096), why))
                  .with_hint("build or copy it again; readelf -d shows what is left of it"));
}

FileBytes bytes_of(std::string_view bytes, std::string_view name) {
  const auto read = [bytes](std::span<std::byte> buffer, std::uint64_t at) -> Result<std::size_t> {
    const std::string_view rest = bytes.substr(std::min<std::uint64_t>(at, bytes.size()), buffer.size());
    std::memcpy(buffer.data(), rest.data(), rest.size());
    return rest.size();
  };
  return {read, bytes.size(), name};
}

Result<FileBytes> bytes_of(File& file, std::string_view name) {
  SLIPWAY_ASSIGN(const FileStat stat, file.stat());
  const auto read = [&file](std::span<std::byte> buffer, std::uint64_t at) { return file.read_at(buffer, at); };
  return FileBytes(read, stat.size, name);
}

}  // namespace slipway::elf
