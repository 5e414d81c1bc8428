#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "slipway/tar/member.h"

using namespace slipway;

namespace {

/// A member that was read is written and read back as the same, unless no tar can say it.
void check(const tar::Member& member) {
  const auto bytes = tar::encode_member(member);
  if (!bytes) {
    if (bytes.error().code != Errc::invalid_argument) std::abort();
    return;
  }
  std::size_t at = 0;
  tar::MemberReader reader([&](std::span<char> buffer) -> Result<std::size_t> {
    const std::size_t n = bytes->copy(buffer.data(), buffer.size(), at);
    at += n;
    return n;
  });
  const auto again = reader.next();
  // A file whose name ends in "/" is what readers disagree about.
  if (!again || !*again) std::abort();
  const bool same = (*again)->path == member.path && (*again)->type == member.type && (*again)->size == member.size &&
                    (*again)->uid == member.uid && (*again)->mtime == member.mtime &&
                    (*again)->attributes == member.attributes;
  if (!same) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view tar(reinterpret_cast<const char*>(data), size);
  std::size_t at = 0;
  tar::MemberReader reader([&](std::span<char> buffer) -> Result<std::size_t> {
    const std::size_t n = at < tar.size() ? tar.copy(buffer.data(), buffer.size(), at) : 0;
    at += n;
    return n;
  });
  for (int i = 0; i < 1000; ++i) {
    const auto member = reader.next();
    if (!member || !*member) break;
    if ((*member)->path.empty() || (*member)->path.find('\0') != std::string::npos) std::abort();
    if ((*member)->type != tar::MemberType::file && (*member)->size != 0) std::abort();
    check(**member);
    const std::uint64_t content = (*member)->size + tar::padding((*member)->size);
    at = content > tar.size() ? tar.size() : at + static_cast<std::size_t>(content);
  }
  return 0;
}
