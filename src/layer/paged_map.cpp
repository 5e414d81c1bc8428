#include "slipway/layer/paged_map.h"

#include <algorithm>
#include <cstring>
#include <list>
#include <map>
#include <vector>

namespace slipway::layer {
namespace {

constexpr std::size_t kPage = 16u << 10;     // bytes of records, beyond which a page is split
constexpr std::size_t kOverhead = 128;       // of a record in memory, beside its bytes
constexpr std::size_t kSlotUnit = 4u << 10;  // places in the file are multiples of it
constexpr std::size_t kFewRecords = 64;      // in a page whatever their bytes: each page's first key is in memory
constexpr std::size_t kLength = sizeof(std::uint32_t);

using Record = std::pair<std::string, std::string>;

struct Page {
  std::vector<Record> records;
  std::size_t bytes = 0;  // of the records, as they are stored
  std::uint64_t place = 0;
  std::size_t slot = 0;  // bytes of its place in the file; 0: none
  bool loaded = false;
  bool changed = false;
  std::list<Page*>::iterator used;  // while loaded
};

std::size_t stored(const Record& record) { return record.first.size() + record.second.size() + 2 * kLength; }

std::vector<Record>::iterator lower_bound(std::vector<Record>& records, std::string_view key) {
  return std::lower_bound(records.begin(), records.end(), key,
                          [](const Record& record, std::string_view k) { return record.first < k; });
}

void append_length(std::string& out, std::size_t length) {
  char bytes[kLength];
  const auto value = static_cast<std::uint32_t>(length);
  std::memcpy(bytes, &value, kLength);
  out.append(bytes, kLength);
}

std::string encode(const Page& page) {
  std::string out;
  out.reserve(page.bytes);
  for (const auto& [key, value] : page.records) {
    append_length(out, key.size());
    append_length(out, value.size());
    out.append(key).append(value);
  }
  return out;
}

void decode(std::string_view bytes, std::vector<Record>& records) {
  while (!bytes.empty()) {
    std::uint32_t key = 0, value = 0;
    std::memcpy(&key, bytes.data(), kLength);
    std::memcpy(&value, bytes.data() + kLength, kLength);
    bytes.remove_prefix(2 * kLength);
    records.emplace_back(bytes.substr(0, key), bytes.substr(key, value));
    bytes.remove_prefix(std::size_t{key} + value);
  }
}

}  // namespace

struct PagedMap::Pages {
  using Directory = std::map<std::string, Page, std::less<>>;  // by a key that is not above the page's first one

  explicit Pages(SpillPlace where) : place(std::move(where)) {
    Page& first = directory[std::string()];
    first.loaded = true;
    first.used = recent.insert(recent.begin(), &first);
  }

  /// Returns the page that has a key or would have it, in memory.
  Result<Directory::iterator> page_of(std::string_view key) {
    const auto at = std::prev(directory.upper_bound(key));
    SLIPWAY_TRY(load(at->second));
    return at;
  }
  Status load(Page& page);
  Status shrink(const Page& wanted);
  Status store(Page& page);
  Status split(Directory::iterator at, bool at_end);
  std::size_t weight(const Page& page) const { return page.bytes + page.records.size() * kOverhead; }
  Directory::iterator drop_if_empty(Directory::iterator at);
  Status walk(std::string_view prefix, const std::function<Status(Page&, std::vector<Record>::iterator&)>& step);

  SpillPlace place;
  Directory directory;
  std::list<Page*> recent;  // loaded pages, the one used last in front
  std::size_t memory = 0;   // weight of the loaded pages
  std::uint64_t count = 0;
  std::unique_ptr<File> file;
  std::uint64_t end = 0;                                   // of the file
  std::map<std::size_t, std::vector<std::uint64_t>> free;  // places by their bytes
};

Status PagedMap::Pages::load(Page& page) {
  if (page.loaded) {
    recent.splice(recent.begin(), recent, page.used);
    return shrink(page);
  }
  std::string bytes(page.bytes, '\0');
  for (std::size_t filled = 0; filled < bytes.size();) {
    const auto rest = std::as_writable_bytes(std::span(bytes)).subspan(filled);
    SLIPWAY_ASSIGN(const std::size_t n, file->read_at(rest, page.place + filled));
    if (n == 0) return fail(Errc::failed, "a temporary file of this run was cut short");
    filled += n;
  }
  decode(bytes, page.records);
  page.loaded = true;
  page.changed = false;
  page.used = recent.insert(recent.begin(), &page);
  memory += weight(page);
  return shrink(page);
}

/// Writes the pages away that were not used for longest, until the rest fits; the wanted one stays.
Status PagedMap::Pages::shrink(const Page& wanted) {
  while (place.fs != nullptr && memory > place.memory && recent.back() != &wanted) {
    Page& page = *recent.back();
    SLIPWAY_TRY(store(page));
    memory -= weight(page);
    std::vector<Record>().swap(page.records);  // assigning {} would keep its memory
    page.loaded = false;
    recent.pop_back();
  }
  return {};
}

Status PagedMap::Pages::store(Page& page) {
  if (!page.changed) return {};
  if (!file) {
    SLIPWAY_ASSIGN(file, place.fs->create_unnamed(place.folder));
  }
  if (page.bytes > page.slot) {
    if (page.slot != 0) free[page.slot].push_back(page.place);
    page.slot = (page.bytes + kSlotUnit - 1) / kSlotUnit * kSlotUnit;
    std::vector<std::uint64_t>& places = free[page.slot];
    page.place = places.empty() ? end : places.back();
    places.empty() ? void(end += page.slot) : places.pop_back();
  }
  SLIPWAY_TRY(file->seek(page.place));
  const std::string bytes = encode(page);
  return file->write(std::as_bytes(std::span(bytes)));
}

/// Moves the upper half of a page to one of its own; after keys in order only the last record, so that pages fill up.
Status PagedMap::Pages::split(Directory::iterator at, bool at_end) {
  Page& page = at->second;
  const std::size_t kept = at_end ? page.records.size() - 1 : page.records.size() / 2;
  const auto from = page.records.begin() + static_cast<std::ptrdiff_t>(kept);
  Page& upper = directory[from->first];
  upper.records.assign(std::make_move_iterator(from), std::make_move_iterator(page.records.end()));
  page.records.erase(from, page.records.end());
  for (const Record& record : upper.records)
    upper.bytes += stored(record);
  page.bytes -= upper.bytes;
  upper.loaded = upper.changed = true;
  upper.used = recent.insert(recent.begin(), &upper);
  return shrink(upper);
}

PagedMap::Pages::Directory::iterator PagedMap::Pages::drop_if_empty(Directory::iterator at) {
  Page& page = at->second;
  if (!page.records.empty() || at == directory.begin()) return std::next(at);
  if (page.slot != 0) free[page.slot].push_back(page.place);
  recent.erase(page.used);
  return directory.erase(at);
}

/// Calls `step` with each record of a prefix; it moves the iterator on, or removes the record.
Status PagedMap::Pages::walk(std::string_view prefix,
                             const std::function<Status(Page&, std::vector<Record>::iterator&)>& step) {
  SLIPWAY_ASSIGN(auto at, page_of(prefix));
  while (at != directory.end()) {
    Page& page = at->second;
    SLIPWAY_TRY(load(page));
    auto record = lower_bound(page.records, prefix);
    while (record != page.records.end() && record->first.starts_with(prefix))
      SLIPWAY_TRY(step(page, record));
    const bool goes_on = record == page.records.end();
    at = drop_if_empty(at);
    if (!goes_on) break;
  }
  return {};
}

PagedMap::PagedMap(SpillPlace place) : pages_(std::make_unique<Pages>(std::move(place))) {}
PagedMap::~PagedMap() = default;
PagedMap::PagedMap(PagedMap&&) noexcept = default;
PagedMap& PagedMap::operator=(PagedMap&&) noexcept = default;

std::uint64_t PagedMap::size() const { return pages_->count; }

Result<const std::string*> PagedMap::find(std::string_view key) {
  SLIPWAY_ASSIGN(const auto at, pages_->page_of(key));
  std::vector<Record>& records = at->second.records;
  const auto record = lower_bound(records, key);
  const std::string* const none = nullptr;
  return record != records.end() && record->first == key ? &record->second : none;
}

Status PagedMap::put(std::string_view key, std::string value) {
  SLIPWAY_ASSIGN(const auto at, pages_->page_of(key));
  Page& page = at->second;
  auto record = lower_bound(page.records, key);
  page.changed = true;
  if (record != page.records.end() && record->first == key) {
    page.bytes += value.size() - record->second.size();
    pages_->memory += value.size() - record->second.size();
    record->second = std::move(value);
    return {};
  }
  const bool at_end = record == page.records.end();
  record = page.records.emplace(record, key, std::move(value));
  page.bytes += stored(*record);
  pages_->memory += stored(*record) + kOverhead;
  ++pages_->count;
  return page.bytes > kPage && page.records.size() > kFewRecords ? pages_->split(at, at_end) : Status();
}

Status PagedMap::erase(std::string_view key) {
  SLIPWAY_ASSIGN(const auto at, pages_->page_of(key));
  Page& page = at->second;
  const auto record = lower_bound(page.records, key);
  if (record == page.records.end() || record->first != key) return {};
  page.changed = true;
  page.bytes -= stored(*record);
  pages_->memory -= stored(*record) + kOverhead;
  page.records.erase(record);
  --pages_->count;
  pages_->drop_if_empty(at);
  return {};
}

Status PagedMap::erase_if(std::string_view prefix, const std::function<bool(std::string_view value)>& gone) {
  return pages_->walk(prefix, [&](Page& page, std::vector<Record>::iterator& record) -> Status {
    const auto last =
        std::find_if_not(record, page.records.end(), [&](const Record& r) { return r.first.starts_with(prefix); });
    const auto kept = std::remove_if(record, last, [&](const Record& r) {
      if (!gone(r.second)) return false;
      page.changed = true;
      page.bytes -= stored(r);
      pages_->memory -= stored(r) + kOverhead;
      --pages_->count;
      return true;
    });
    record = page.records.erase(kept, last);
    return {};
  });
}

Status PagedMap::visit(std::string_view prefix, const Visitor& visitor) {
  return pages_->walk(prefix, [&](Page&, std::vector<Record>::iterator& record) -> Status {
    SLIPWAY_TRY(visitor(record->first, record->second));
    ++record;
    return {};
  });
}

Status PagedMap::change(std::string_view prefix,
                        const std::function<void(std::string_view key, std::string& value)>& changer) {
  return pages_->walk(prefix, [&](Page& page, std::vector<Record>::iterator& record) -> Status {
    const std::size_t before = record->second.size();
    changer(record->first, record->second);
    page.changed = true;
    page.bytes += record->second.size() - before;
    pages_->memory += record->second.size() - before;
    ++record;
    return {};
  });
}

}  // namespace slipway::layer
