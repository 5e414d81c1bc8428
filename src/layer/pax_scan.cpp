#include "layer/pax_scan.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "layer/tar_header.h"

namespace slipway::layer {
namespace {

constexpr std::uint64_t kMaxBody = 1u << 20;  // libarchive takes no larger pax header

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

/// A number field: octal with blanks around it, or GNU's base-256.
std::optional<std::uint64_t> field(std::string_view text) {
  if (text[0] != '\x80') {
    const std::size_t begin = text.find_first_not_of(' ');
    return begin == std::string_view::npos ? std::nullopt : number(text.substr(begin), 8);
  }
  std::uint64_t value = 0;
  for (const char c : text.substr(text.size() - 8))
    value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

bool has_checksum(std::string_view block) {
  std::uint64_t sum = 8 * ' ';
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(block[i]);
  }
  return field(block.substr(148, 8)) == sum;
}

std::uint64_t padded(std::uint64_t size) { return (size + kTarBlock - 1) / kTarBlock * kTarBlock; }

}  // namespace

Status PaxScan::records(std::string_view body) {
  while (!body.empty() && body[0] != '\0') {
    const auto length = number(body, 10);
    const std::size_t blank = body.find(' ');
    const std::size_t equals = body.find('=');
    // A broken record is libarchive's to refuse.
    if (!length || *length > body.size() || equals == std::string_view::npos || blank > equals || equals >= *length) {
      return {};
    }
    const std::string_view key = body.substr(blank + 1, equals - blank - 1);
    const std::string_view value = body.substr(equals + 1, static_cast<std::size_t>(*length) - equals - 2);
    const bool is_text = key == "path" || key == "linkpath" || key == "size" || key == "uid" || key == "gid";
    if (is_text && value.find('\0') != std::string_view::npos) {
      return fail(Errc::malformed, "a pax record '{}' of the tar archive has a NUL, which readers take differently",
                  key);
    }
    if (key == "size") size_record_ = value;
    body.remove_prefix(static_cast<std::size_t>(*length));
  }
  return {};
}

Status PaxScan::header() {
  const std::string_view block = pending_;
  if (block.find_first_not_of('\0') == std::string_view::npos) return {};
  const auto size = field(block.substr(124, 12));
  if (!size || !has_checksum(block)) {
    state_ = State::lost;
    return {};
  }
  const char type = block[156];
  if (type == 'x' || type == 'g') {
    state_ = *size <= kMaxBody ? State::body : State::lost;
    wanted_ = static_cast<std::size_t>(padded(*size));
    return {};
  }
  // Without a map it would be read as an empty file, whatever it says its real size is.
  if (type == 'S') return fail(Errc::malformed, "the tar archive has a sparse file of GNU's own format");
  std::uint64_t content = *size;
  if (type != 'L' && type != 'K' && !size_record_.empty()) {
    const auto record = number(size_record_, 10);
    if (record && content != 0 && *record != content) {
      return fail(Errc::malformed, "a tar entry has {} bytes by its pax record and {} by its header", *record, content);
    }
    content = record.value_or(content);
    size_record_.clear();
  }
  const bool no_content = type >= '1' && type <= '6';
  skip_ = no_content || content > UINT64_MAX - kTarBlock ? 0 : padded(content);
  state_ = skip_ > 0 ? State::skip : State::header;
  return {};
}

Status PaxScan::see(io::Bytes bytes) {
  std::string_view text = io::as_text(bytes);
  while (!text.empty() && state_ != State::lost) {
    if (state_ == State::skip) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, text.size()));
      text.remove_prefix(n);
      skip_ -= n;
      if (skip_ == 0) state_ = State::header;
      continue;
    }
    const std::size_t n = std::min(wanted_ - pending_.size(), text.size());
    pending_.append(text.substr(0, n));
    text.remove_prefix(n);
    if (pending_.size() < wanted_) return {};
    const bool is_body = state_ == State::body;
    state_ = State::header;
    wanted_ = kTarBlock;
    SLIPWAY_TRY(is_body ? records(pending_) : header());
    pending_.clear();
    // A pax header without a body has nothing to wait for.
    if (wanted_ == 0) {
      state_ = State::header;
      wanted_ = kTarBlock;
    }
  }
  return {};
}

}  // namespace slipway::layer
