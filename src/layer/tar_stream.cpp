#include "slipway/layer/tar_stream.h"

#include <array>

#include "layer/tar_header.h"
#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::size_t kTarBlock = 512;

}  // namespace

Status TarStream::write_zeros(std::size_t count) {
  static constexpr std::array<std::byte, 2 * kTarBlock> kZeros{};
  return count == 0 ? Status() : out_.write(io::Bytes(kZeros).first(count));
}

Status TarStream::add(const FileEntry& entry) {
  SLIPWAY_ASSIGN(const std::string header, tar_header(entry));
  return out_.write(io::as_bytes(header));
}

Status TarStream::add(const FileEntry& entry, io::Source& content, std::stop_token stop) {
  SLIPWAY_TRY(add(entry));
  SLIPWAY_ASSIGN(const std::uint64_t written, io::copy(content, out_, std::move(stop)));
  if (written != entry.size)
    return fail(Errc::failed, "{} has {} bytes instead of {}", printable(entry.path, 4096), written, entry.size);
  return write_zeros((kTarBlock - entry.size % kTarBlock) % kTarBlock);
}

Status TarStream::end() { return write_zeros(2 * kTarBlock); }

}  // namespace slipway::layer
