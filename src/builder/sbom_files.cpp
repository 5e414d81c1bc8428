#include "slipway/builder/sbom_files.h"

#include <cstring>

namespace slipway::builder {
namespace {

constexpr std::size_t kSha1 = 40, kSha256 = 64;

std::string number_text(std::uint64_t number) {
  std::string text;
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>(number >> shift & 0xff);
  return text;
}

std::size_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  for (const char c : text.substr(0, sizeof number))
    number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<std::size_t>(number);
}

std::string encode(const SbomFile& file) {
  std::string text = number_text(0);
  return text.append(file.sha1).append(file.sha256).append(file.build_id).append(1, '\n').append(file.package_note);
}

SbomFile decode(std::string_view path, std::string_view text) {
  text.remove_prefix(sizeof(std::uint64_t));
  SbomFile file;
  file.path = path;
  file.sha1 = text.substr(0, kSha1);
  file.sha256 = text.substr(kSha1, kSha256);
  text.remove_prefix(kSha1 + kSha256);
  const std::size_t end = text.find('\n');
  file.build_id = text.substr(0, end);
  file.package_note = text.substr(end + 1);
  return file;
}

}  // namespace

Status SbomFiles::put(const SbomFile& file) { return files_.put(file.path, encode(file)); }

Status SbomFiles::number() {
  std::uint64_t next = 0;
  SLIPWAY_TRY(files_.change("", [&next](std::string_view, std::string& text) {
    text.replace(0, sizeof next, number_text(next));
    ++next;
  }));
  has_owner_.assign(size(), false);
  return {};
}

Result<bool> SbomFiles::own(std::size_t package, const std::string& path) {
  SLIPWAY_ASSIGN(const std::string* const found, files_.find(path));
  if (found == nullptr) return false;
  const std::string number = found->substr(0, sizeof(std::uint64_t));
  has_owner_[number_in(number)] = true;
  SLIPWAY_TRY(owned_.put(number_text(package) + number, path));
  return true;
}

Status SbomFiles::visit(const Visitor& visitor) {
  return files_.visit("", [&visitor](std::string_view path, std::string_view text) {
    return visitor(number_in(text), decode(path, text));
  });
}

Status SbomFiles::visit_package(std::size_t package, const Visitor& visitor) {
  return owned_.visit(number_text(package), [&](std::string_view key, std::string_view path) -> Status {
    SLIPWAY_ASSIGN(const std::string* const found, files_.find(path));
    return found == nullptr ? Status() : visitor(number_in(key.substr(sizeof(std::uint64_t))), decode(path, *found));
  });
}

Status SbomFiles::visit_unowned(const Visitor& visitor) {
  return visit(
      [&](std::size_t number, const SbomFile& file) { return has_owner_[number] ? Status() : visitor(number, file); });
}

}  // namespace slipway::builder
