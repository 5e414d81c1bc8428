#include "elf/notes.h"

#include "slipway/base/json.h"

namespace slipway::elf {
namespace {

constexpr std::uint64_t kBuildId = 3, kDlopen = 0x407c0c0a, kPackage = 0xcafe1a7e;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes)
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->string() != nullptr ? *value->string() : std::string();
}

/// [{"soname": ["libx.so.1"], "feature": ..., "description": ..., "priority": "required|recommended|suggested"}]
void read_wishes(std::string_view text, std::vector<DlopenWish>& wishes) {
  const auto json = Json::parse(text.substr(0, text.find('\0')), "the dlopen note");
  if (!json || json->array() == nullptr) return;
  for (const Json& item : *json->array()) {
    const Json* names = item.find("soname");
    if (names == nullptr || names->array() == nullptr) continue;
    DlopenWish wish{{}, member(item, "feature"), member(item, "description"), member(item, "priority")};
    for (const Json& name : *names->array()) {
      if (name.string() != nullptr) wish.sonames.push_back(*name.string());
    }
    if (wish.priority.empty()) wish.priority = "recommended";
    if (!wish.sonames.empty()) wishes.push_back(std::move(wish));
  }
}

}  // namespace

void read_notes(std::string_view notes, const ByteOrder& order, std::size_t align, Object& object) {
  const auto aligned = [align](std::uint64_t size) { return (size + align - 1) / align * align; };
  while (notes.size() >= 12) {
    const std::uint64_t name_size = order.number(notes, 0, 4), size = order.number(notes, 4, 4);
    const std::uint64_t type = order.number(notes, 8, 4);
    const std::uint64_t start = aligned(12 + name_size);
    if (start > notes.size() || size > notes.size() - start) return;
    const std::string_view name = notes.substr(12, name_size), content = notes.substr(start, size);
    if (type == kBuildId && name == std::string_view("GNU\0", 4)) object.build_id = hex(content);
    if (type == kPackage && name == std::string_view("FDO\0", 4))
      object.package_note = content.substr(0, content.find('\0'));
    if (type == kDlopen && name == std::string_view("FDO\0", 4)) read_wishes(content, object.dlopens);
    notes.remove_prefix(std::min<std::uint64_t>(aligned(start + size), notes.size()));
  }
}

}  // namespace slipway::elf
