#include "builder/recipe_values.h"

#include <algorithm>
#include <charconv>

#include "builder/profiles.h"
#include "builder/runtime_data.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"

namespace slipway::builder {
namespace {

constexpr std::uint64_t kMaxId = 0xffff'fffe;  // 2^32-1 means "no owner" to the kernel

tl::unexpected<Error> bad(std::string_view text, std::string_view why, std::string hint = {}) {
  return fail(
      Error(Errc::invalid_argument, fmt::format("'{}' {}", printable(text, 200), why)).with_hint(std::move(hint)));
}

template <class T>
bool parse_number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string value_of(std::string_view name, const oci::Platform& platform) {
  if (name == "os") return platform.os;
  return name == "arch" ? platform.architecture : platform.variant;
}

}  // namespace

Result<std::uint32_t> parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  if (text.empty() || text.size() > 5 || !parse_number(text, mode, 8) || mode > 07777) {
    return bad(text, "is not a file mode", "write it in octal, e.g. \"0755\"");
  }
  return mode;
}

Result<Owner> parse_owner(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  Owner owner;
  const bool numbers = !parts.empty() && parts.size() <= 2 && parse_number(parts[0], owner.uid) &&
                       (parts.size() == 1 || parse_number(parts[1], owner.gid));
  if (!numbers || owner.uid > kMaxId || owner.gid > kMaxId) {
    return bad(text, "is not an owner",
               "write numbers as UID:GID, e.g. \"65532:65532\"; names differ between machines");
  }
  return owner;
}

Result<std::string> parse_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view protocol = slash == std::string_view::npos ? "tcp" : text.substr(slash + 1);
  unsigned port = 0;
  const bool sound = parse_number(text.substr(0, slash), port) && port >= 1 && port <= 65535 &&
                     (protocol == "tcp" || protocol == "udp" || protocol == "sctp");
  if (!sound) return bad(text, "is not a port", "write e.g. 8080, 8080/tcp or 53/udp");
  return fmt::format("{}/{}", port, protocol);
}

Result<std::string> parse_absolute(std::string_view text) {
  if (!text.starts_with('/')) return bad(text, "is not an absolute path");
  if (has_control(text) || !is_valid_utf8(text)) return bad(text, "has control characters or is not UTF-8");
  return std::string(text);
}

Result<std::string> parse_user(std::string_view text) {
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/'; };
  if (text.empty() || text.size() > 256 || std::any_of(text.begin(), text.end(), odd) || !is_valid_utf8(text) ||
      std::count(text.begin(), text.end(), ':') > 1) {
    return bad(text, "is not a user", "write UID, UID:GID or names that the image knows");
  }
  return std::string(text);
}

std::vector<std::string> ignore_patterns(std::string_view text) {
  std::vector<std::string> patterns;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (const std::string& line : split(text, '\n')) {
    const std::string_view pattern = trim(line);
    if (!pattern.empty() && pattern[0] != '#') patterns.emplace_back(pattern);
  }
  return patterns;
}

Result<std::string> parse_runtime(std::string_view text) {
  std::vector<std::string> words = {"auto", "minimal"};
  for (const RuntimeKind& kind : runtime_kinds())
    words.emplace_back(kind.name);
  if (std::find(words.begin(), words.end(), text) != words.end()) return std::string(text);
  std::string list;
  for (const std::string& word : words)
    list += (list.empty() ? "" : ", ") + word;
  return fail(Error(Errc::invalid_argument, fmt::format("'{}' is no kind of run-time data", printable(text, 100)))
                  .with_hint("use " + list));
}

Result<std::string> parse_profile(std::string_view text) {
  std::string list = "auto";
  if (text == list) return list;
  for (const Profile& profile : profiles()) {
    if (text == profile.name) return std::string(text);
    list += fmt::format(", {}", profile.name);
  }
  return fail(Error(Errc::invalid_argument, fmt::format("there is no profile '{}'", printable(text, 100)))
                  .with_hint("one of " + list));
}

Result<std::string> parse_sbom_format(std::string_view text) {
  if (find_sbom_format(text) != nullptr) return std::string(text);
  return fail(Error(Errc::invalid_argument, fmt::format("'{}' is no format of an SBOM", printable(text, 100)))
                  .with_hint("one of spdx, cyclonedx"));
}

Result<std::string> parse_stop_signal(std::string_view text) {
  int number = 0;
  if (parse_number(text, number) && number >= 1 && number <= 64) return std::string(text);
  const auto fine = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-'; };
  if (text.size() > 3 && text.size() < 20 && text.starts_with("SIG") && std::all_of(text.begin(), text.end(), fine)) {
    return std::string(text);
  }
  return bad(text, "is not a signal", "write e.g. SIGTERM or 15");
}

Status check_attribute(const std::string& name) {
  if (name.starts_with("trusted.")) {
    return bad(name, "is an attribute that only root's programs see", "use a name that starts with 'user.'");
  }
  for (const std::string_view space : {"user.", "security.", "system."}) {
    if (name.starts_with(space) && name.size() > space.size()) return {};
  }
  return bad(name, "is not the name of an extended attribute",
             "names start with 'user.', 'security.' or 'system.', e.g. user.origin");
}

Result<std::string> parse_key(std::string_view text, std::string_view what) {
  if (text.empty() || text.find('=') != std::string_view::npos || has_control(text) || !is_valid_utf8(text)) {
    return bad(text, fmt::format("cannot name {}", what));
  }
  return std::string(text);
}

Result<std::string> parse_text(std::string_view text) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) return bad(text, "is not UTF-8 or holds NUL");
  return std::string(text);
}

bool is_app_name(std::string_view text) {
  if (text.empty() || text.size() > 40 || text.front() == '-' || text.back() == '-') return false;
  if (text.find("--") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Status check_placeholders(std::string_view text) {
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return bad(text, "has '{' without '}'");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (name != "os" && name != "arch" && name != "variant") {
      return bad(text, fmt::format("has the unknown placeholder {{{}}}", printable(name, 40)),
                 "use {os}, {arch} or {variant}");
    }
  }
  return {};
}

bool has_placeholders(std::string_view text) { return text.find('{') != std::string_view::npos; }

std::string expand_placeholders(std::string_view text, const oci::Platform& platform) {
  std::string out;
  while (true) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, open)).append(value_of(text.substr(open + 1, close - open - 1), platform));
    text.remove_prefix(close + 1);
  }
}

}  // namespace slipway::builder
