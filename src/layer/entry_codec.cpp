#include "layer/entry_codec.h"

namespace slipway::layer {
namespace {

class Writer {
 public:
  /// Seven bits a byte, least significant first.
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[0]);
      bytes_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) break;
    }
    return value;
  }
  template <class Number>
  void number(Number& value) {
    value = static_cast<Number>(number());
  }
  std::string text() {
    const auto length = static_cast<std::size_t>(number());
    std::string value(bytes_.substr(0, length));
    bytes_.remove_prefix(value.size());
    return value;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

std::string encode(const FileEntry& entry) {
  Writer out;
  out.text(entry.path);
  out.number(static_cast<std::uint64_t>(entry.type));
  for (const std::uint64_t value :
       {std::uint64_t{entry.mode}, entry.uid, entry.gid, entry.size, entry.device_major, entry.device_minor})
    out.number(value);
  out.number(entry.mtime);
  out.text(entry.link);
  out.text(entry.source);
  out.text(entry.content);
  out.number(entry.xattrs.size());
  for (const auto& [name, value] : entry.xattrs) {
    out.text(name);
    out.text(value);
  }
  const FileStat& seen = entry.seen;
  out.number(static_cast<std::uint64_t>(seen.type));
  for (const std::uint64_t value : {seen.device, seen.inode, seen.size, std::uint64_t{seen.mode},
                                    std::uint64_t{seen.uid}, std::uint64_t{seen.gid}, seen.links})
    out.number(value);
  out.number(seen.mtime_ns);
  out.number(seen.ctime_ns);
  return out.take();
}

FileEntry decode_entry(std::string_view bytes) {
  Reader in(bytes);
  FileEntry entry;
  entry.path = in.text();
  in.number(entry.type);
  in.number(entry.mode);
  in.number(entry.uid);
  in.number(entry.gid);
  in.number(entry.size);
  in.number(entry.device_major);
  in.number(entry.device_minor);
  in.number(entry.mtime);
  entry.link = in.text();
  entry.source = in.text();
  entry.content = in.text();
  for (std::uint64_t left = in.number(); left > 0; --left) {
    std::string name = in.text();
    entry.xattrs.emplace(std::move(name), in.text());
  }
  FileStat& seen = entry.seen;
  in.number(seen.type);
  in.number(seen.device);
  in.number(seen.inode);
  in.number(seen.size);
  in.number(seen.mode);
  in.number(seen.uid);
  in.number(seen.gid);
  in.number(seen.links);
  in.number(seen.mtime_ns);
  in.number(seen.ctime_ns);
  return entry;
}

}  // namespace slipway::layer
