#include "slipway/image/file_places.h"

#include <algorithm>
#include <cstring>

namespace slipway::image {
namespace {

std::string key_of(std::uint32_t layer, std::string_view member) {
  std::string key(sizeof layer, '\0');
  std::memcpy(key.data(), &layer, sizeof layer);
  return key.append(member).append(1, '\0');  // which no path has
}

/// Returns a number as bytes that sort as it does.
std::string number_key(std::uint64_t number) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8)
    key += static_cast<char>(number >> shift & 0xff);
  return key;
}

std::size_t number_in(std::string_view key) {
  std::uint64_t number = 0;
  for (const char c : key.substr(key.size() - sizeof number))
    number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<std::size_t>(number);
}

}  // namespace

FilePlaces::FilePlaces(FilePlaces&& other) noexcept
    : files_(other.files_), others_(std::move(other.others_)), entries_(std::move(other.entries_)) {}

Result<FilePlaces> FilePlaces::of(const FileList& files, layer::SpillPlace spill) {
  FilePlaces places(files, std::move(spill));
  const auto count = [&places](std::uint32_t layer) {
    if (layer >= places.entries_.size()) places.entries_.resize(std::size_t{layer} + 1);
    ++places.entries_[layer];
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ImageFile file = files.at(i);
    if (file.member.empty()) continue;
    if (file.member == file.entry.path) {
      count(file.layer);
    } else {
      SLIPWAY_TRY(places.others_.put(key_of(file.layer, file.member) + number_key(i), {}));
    }
  }
  std::string before;
  SLIPWAY_TRY(places.others_.visit("", [&](std::string_view key, std::string_view) -> Status {
    const std::string_view entry = key.substr(0, key.size() - sizeof(std::uint64_t));
    if (entry == before) return {};
    before = entry;
    std::uint32_t layer = 0;
    std::memcpy(&layer, entry.data(), sizeof layer);
    const std::string member(entry.substr(sizeof layer, entry.size() - sizeof layer - 1));
    const auto own = files.file(member);
    if (!own || own->layer != layer || own->member != member) count(layer);
    return {};
  }));
  SLIPWAY_TRY(files.status());
  return places;
}

Result<std::vector<std::size_t>> FilePlaces::of_entry(std::uint32_t layer, std::string_view member) const {
  std::vector<std::size_t> found;
  if (const auto own = files_->index_of(member)) {
    const ImageFile file = files_->at(*own);
    if (file.layer == layer && file.member == member) found.push_back(*own);
  }
  const std::lock_guard lock(mutex_);
  if (others_.empty()) return found;
  SLIPWAY_TRY(others_.visit(key_of(layer, member), [&found](std::string_view key, std::string_view) -> Status {
    found.push_back(number_in(key));
    return {};
  }));
  std::sort(found.begin(), found.end());
  return found;
}

std::uint64_t FilePlaces::entries_of(std::uint32_t layer) const {
  return layer < entries_.size() ? entries_[layer] : 0;
}

}  // namespace slipway::image
