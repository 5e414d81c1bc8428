#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "layer/archive_reader.h"
#include "slipway/io/stream.h"

using namespace slipway;

namespace {

class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    SLIPWAY_ASSIGN(const std::size_t n, read_at(buffer, at_));
    at_ += n;
    return n;
  }
  Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override {
    if (offset >= bytes_.size()) return 0;
    const auto rest = bytes_.subspan(static_cast<std::size_t>(offset));
    const std::size_t n = std::min(rest.size(), buffer.size());
    std::copy_n(rest.begin(), n, buffer.begin());
    return n;
  }
  Status write(std::span<const std::byte>) override { return fail(Errc::failed, "read only"); }
  Status seek(std::uint64_t offset) override {
    at_ = offset;
    return {};
  }
  Status sync() override { return {}; }
  Result<FileStat> stat() override {
    FileStat stat;
    stat.size = bytes_.size();
    return stat;
  }

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  layer::ReadLimits limits;
  limits.max_entries = 1000;
  limits.max_bytes = 1u << 22;
  const auto visit = [](const layer::FileEntry& entry, io::Source& content) -> Status {
    if (entry.path.starts_with('/') || ("/" + entry.path + "/").find("/../") != std::string::npos) std::abort();
    SLIPWAY_ASSIGN(const std::string bytes, io::read_all(content, 1u << 22));
    if (bytes.size() != entry.size) std::abort();
    return {};
  };
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)layer::read_archive(std::make_unique<MemoryFile>(bytes), "archive", limits, visit).has_value();
  return 0;
}
