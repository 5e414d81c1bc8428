#pragma once

#include <fmt/format.h>

#include <string>

namespace slipway::test {

/// A header whose fields are whatever a test says: "f", mode 0644, all else zero, a right checksum.
class RawHeader {
 public:
  explicit RawHeader(char type = '0', const std::string& name = "f") {
    using namespace std::string_literals;
    put(0, name).put(100, "0000644\0"s).put(108, "0000000\0"s).put(116, "0000000\0"s).put(124, "00000000000\0"s);
    put(136, "00000000000\0"s).put(257, "ustar\00000"s).put(329, "0000000\0"s).put(337, "0000000\0"s);
    block_[156] = type;
  }
  RawHeader& put(std::size_t at, const std::string& text) {
    block_.replace(at, text.size(), text);
    return *this;
  }
  RawHeader& size(std::size_t bytes) { return put(124, fmt::format("{:011o}", bytes)); }
  RawHeader& link(const std::string& target) { return put(157, target); }

  std::string bytes() const { return bytes_with_sum({"{:06o}\0 ", 8}); }
  std::string bytes_with_signed_sum() const { return with_sum("{:06o}", true); }
  /// `format` writes the sum of unsigned bytes.
  std::string bytes_with_sum(const std::string& format) const { return with_sum(format, false); }

 private:
  std::string with_sum(const std::string& format, bool of_signed_bytes) const {
    std::string block = block_;
    block.replace(148, 8, "        ");
    int sum = 0;
    for (const char c : block)
      sum += of_signed_bytes ? static_cast<signed char>(c) : static_cast<unsigned char>(c);
    std::string text = fmt::format(fmt::runtime(format), sum);
    text.resize(8, '\0');
    return block.replace(148, 8, text);
  }

  std::string block_ = std::string(512, '\0');
};

/// Fills the last block of a content.
inline std::string blocks(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

/// A member with its content.
inline std::string raw_member(const std::string& name, const std::string& content, char type = '0') {
  return RawHeader(type, name).size(content.size()).bytes() + blocks(content);
}

/// "LENGTH KEY=VALUE\n".
inline std::string raw_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length)
    ++length;
  return std::to_string(length) + rest;
}

/// A pax header ('x', 'g' or Sun's 'X') with these bytes as its body.
inline std::string raw_pax(const std::string& body, char type = 'x') {
  return RawHeader(type, "././@PaxHeader").size(body.size()).bytes() + blocks(body);
}

/// GNU's long name ('L') or long link ('K').
inline std::string raw_long_name(const std::string& body, char type = 'L') {
  return RawHeader(type, "././@LongLink").put(257, {"ustar  \0", 8}).size(body.size()).bytes() + blocks(body);
}

}  // namespace slipway::test
