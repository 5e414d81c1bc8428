#include "slipway/tar/pax.h"

#include <algorithm>
#include <array>

#include "slipway/base/text.h"

namespace slipway::tar {
namespace {

constexpr std::size_t kMaxRecord = 999'999;  // libarchive's

/// Keywords whose values Go refuses, and others cut, at a NUL.
constexpr std::array<std::string_view, 8> kTexts{"path", "linkpath", "uname", "gname", "size", "uid", "gid", "mtime"};
constexpr std::array<std::string_view, 6> kMetadata{"path", "linkpath", "size", "uid", "gid", "mtime"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

tl::unexpected<Error> refuse(std::string_view why) { return fail(Errc::malformed, "a pax record {}", why); }

/// Takes the digits before a record; 0 for none.
std::size_t take_length(std::string_view& body) {
  std::size_t length = 0, digits = 0;
  while (digits < body.size() && body[digits] >= '0' && body[digits] <= '9' && length <= kMaxRecord)
    length = length * 10 + static_cast<std::size_t>(body[digits++] - '0');
  body.remove_prefix(digits);
  return length;
}

Status check_record(std::string_view key, std::string_view value) {
  if (key.empty() || key.find_first_of(std::string_view("\0", 1)) != std::string_view::npos || key[0] == ' ' ||
      key[0] == '\t') {
    return refuse("has no keyword");
  }
  if (is_among(kTexts, key) && value.find('\0') != std::string_view::npos) {
    return refuse(fmt::format("\"{}\" has a NUL, where readers cut names differently", key));
  }
  // Some readers take the header's value then, others nothing.
  if (is_among(kMetadata, key) && value.empty()) return refuse(fmt::format("\"{}\" is empty", key));
  return {};
}

}  // namespace

Result<Records> decode_records(std::string_view body) {
  Records records;
  while (!body.empty()) {
    std::string_view rest = body;
    const std::size_t length = take_length(rest);
    const std::size_t digits = body.size() - rest.size();
    if (digits == 0 || length > kMaxRecord || length > body.size() || length < digits + 2) {
      return refuse("has a wrong length");
    }
    if (rest[0] != ' ') return refuse("has no blank behind its length");
    if (body[length - 1] != '\n') return refuse("has no line end");
    const std::string_view record = body.substr(digits + 1, length - digits - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) return refuse("has no \"=\"");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    SLIPWAY_TRY(check_record(key, value));
    records.insert_or_assign(std::string(key), std::string(value));
    body.remove_prefix(length);
  }
  return records;
}

std::string encode_records(const Records& records) {
  std::string body;
  for (const auto& [key, value] : records) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (length != rest + std::to_string(length).size())
      length = rest + std::to_string(length).size();
    body += fmt::format("{} {}={}\n", length, key, value);
  }
  return body;
}

bool decides_member(std::string_view keyword) {
  return is_among(kMetadata, keyword) || is_sparse(keyword) || keyword.starts_with("SCHILY.xattr.") ||
         keyword.starts_with("LIBARCHIVE.xattr.");
}

bool is_sparse(std::string_view keyword) { return keyword.starts_with("GNU.sparse.") || keyword == "SCHILY.realsize"; }

}  // namespace slipway::tar
