#include "builder/recipe_values.h"

#include <algorithm>

#include "builder/git_source.h"
#include "builder/profiles.h"
#include "builder/runtime_data.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"
#include "slipway/layer/file_capabilities.h"

namespace slipway::builder {
namespace {

constexpr std::uint64_t kMaxId = 0xffff'fffe;    // 2^32-1 means "no owner" to the kernel
constexpr std::size_t kMaxLink = 4095;           // PATH_MAX without its NUL
constexpr std::uint64_t kMaxUser = 0x7fff'ffff;  // runc refuses larger ones

tl::unexpected<Error> bad(std::string_view text, std::string_view why, std::string hint = {}) {
  return fail(error(Errc::invalid_argument, "\"{}\" {}", printable(text, 200), why).with_hint(std::move(hint)));
}

/// A number that every runtime takes, or a name; one that starts like a number is neither. An absent group is "".
bool is_user_or_group(const std::string& text) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/'; };
  if (text.empty()) return true;
  if (text[0] == '-' || text[0] == '+' || (text[0] >= '0' && text[0] <= '9')) {
    const auto number = parse_whole<std::uint64_t>(text);
    return number && *number <= kMaxUser;
  }
  return text.size() <= 256 && std::none_of(text.begin(), text.end(), is_bad) && is_valid_utf8(text);
}

std::string value_of(std::string_view name, const oci::Platform& platform) {
  if (name == "os") return platform.os;
  return name == "arch" ? platform.architecture : platform.variant;
}

}  // namespace

Result<std::uint32_t> parse_mode(std::string_view text) {
  const auto mode = parse_whole<std::uint32_t>(text, 8);
  if (!mode || text.size() > 5 || *mode > 07777)
    return bad(text, "is not a file mode", "write it in octal, e.g. \"0755\"");
  return *mode;
}

Result<Owner> parse_owner(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  const auto uid = parse_whole<std::uint64_t>(parts[0]);
  const auto gid = parts.size() == 1 ? std::optional<std::uint64_t>(0) : parse_whole<std::uint64_t>(parts[1]);
  if (parts.size() > 2 || !uid || !gid || *uid > kMaxId || *gid > kMaxId) {
    return bad(text, "is not an owner",
               "write numbers as UID:GID, e.g. \"65532:65532\"; names differ between machines");
  }
  return Owner{*uid, *gid};
}

Result<std::string> parse_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view protocol = slash == std::string_view::npos ? "tcp" : text.substr(slash + 1);
  const auto port = parse_whole<std::uint16_t>(text.substr(0, slash));
  const bool sound = port && *port >= 1 && (protocol == "tcp" || protocol == "udp" || protocol == "sctp");
  if (!sound) return bad(text, "is not a port", "write e.g. 8080, 8080/tcp or 53/udp");
  return fmt::format("{}/{}", *port, protocol);
}

Result<std::string> parse_absolute(std::string_view text) {
  if (!text.starts_with('/')) return bad(text, "is not an absolute path");
  if (has_control_characters(text) || !is_valid_utf8(text)) return bad(text, "has control characters or is not UTF-8");
  return std::string(text);
}

Result<std::string> parse_user(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts[0].empty() || parts.size() > 2 || !std::all_of(parts.begin(), parts.end(), is_user_or_group)) {
    return bad(text, "is not a user",
               fmt::format("write UID, UID:GID (numbers of at most {}) or names that the image knows", kMaxUser));
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
  return bad(text, "is not a kind of run-time data", "use " + list_of(words));
}

Result<std::string> parse_profile(std::string_view text) {
  std::string list = "auto";
  if (text == list) return list;
  for (const Profile& profile : profiles()) {
    if (text == profile.name) return std::string(text);
    list += fmt::format(", {}", profile.name);
  }
  return bad(text, "is not a profile", "use one of " + list);
}

Result<std::string> parse_sbom_format(std::string_view text) {
  if (find_sbom_format(text) != nullptr) return std::string(text);
  return bad(text, "is not an SBOM format", "use spdx or cyclonedx");
}

Result<std::string> parse_stop_signal(std::string_view text) {
  const auto number = parse_whole<int>(text);
  if (number && *number >= 1 && *number <= 64) return std::string(text);
  const auto fine = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-'; };
  if (text.size() > 3 && text.size() < 20 && text.starts_with("SIG") && std::all_of(text.begin(), text.end(), fine)) {
    return std::string(text);
  }
  return bad(text, "is not a signal", "write e.g. SIGTERM or 15");
}

namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// The longer of two names that begin alike stands first.
constexpr TimeUnit kTimeUnits[] = {
    {"ms", 1'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}};
constexpr std::int64_t kLongestHealthTime = 24 * 3'600'000'000'000;

/// Takes "90s" off the front of a time; nothing where none stands there.
std::optional<std::int64_t> take_time(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_whole<std::int64_t>(text.substr(0, digits));
  text.remove_prefix(digits);
  if (!number || *number > kLongestHealthTime / 1'000'000) return std::nullopt;
  for (const TimeUnit& unit : kTimeUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    if (*number > kLongestHealthTime / unit.nanoseconds) return std::nullopt;
    return *number * unit.nanoseconds;
  }
  return std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_health_time(std::string_view text) {
  if (text == "0") return 0;
  std::int64_t sum = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto time = take_time(rest);
    sum += time.value_or(0);
    if (!time || sum > kLongestHealthTime) return bad(text, "is not a time of at most 24h", "write e.g. 30s or 1m30s");
  }
  if (text.empty()) return bad(text, "is not a time", "write e.g. 30s or 1m30s");
  return sum;
}

Result<std::int64_t> parse_retries(std::string_view text) {
  const auto number = parse_whole<std::int64_t>(text);
  if (number && *number >= 0 && *number <= 1000) return *number;
  return bad(text, "is not a number of retries", "write a number from 0 to 1000");
}

Result<std::vector<std::string>> health_test(std::vector<std::string> words) {
  const auto has_nul = [](const std::string& word) { return word.find('\0') != std::string::npos; };
  const std::string kind = words.empty() ? "" : words[0];
  if (kind != "NONE" && kind != "CMD" && kind != "CMD-SHELL") words.insert(words.begin(), "CMD");
  const std::size_t wanted = words[0] == "NONE" ? 1 : 2;
  const bool sound = words.size() == wanted || (words[0] == "CMD" && words.size() > wanted);
  if (sound && words.back() != "" && std::none_of(words.begin(), words.end(), has_nul)) return words;
  return bad(fmt::format("{}", fmt::join(words, " ")), "is not a health check",
             "name a program with its arguments as a list, or a command for the shell as text");
}

Status check_attribute(const std::string& name, std::string_view value) {
  if (name.size() > layer::kMaxAttributeName)
    return bad(name, fmt::format("is too long for an extended attribute: at most {} bytes", layer::kMaxAttributeName));
  if (value.size() > layer::kMaxAttributeValue)
    return bad(name,
               fmt::format("has a value of {} bytes, Linux takes at most {}", value.size(), layer::kMaxAttributeValue));
  if (name == layer::kCapabilityAttribute)
    return bad(name, "has a binary value, which text cannot express",
               "write it as text with the key 'capabilities', e.g. capabilities: cap_net_bind_service+ep");
  for (const std::string_view binary :
       {"system.posix_acl_access", "system.posix_acl_default", "security.ima", "security.evm"}) {
    if (name == binary) return bad(name, "has a binary value, which text cannot express", "leave it out");
  }
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
  if (text.empty() || text.find('=') != std::string_view::npos || has_control_characters(text) ||
      !is_valid_utf8(text)) {
    return bad(text, fmt::format("cannot name {}", what));
  }
  return std::string(text);
}

Result<std::string> parse_source_url(std::string_view text) {
  if (!text.empty() && public_url(std::string(text)) == text) return std::string(text);
  return bad(text, "is not the URL of a repository",
             "write it without user, password and query, e.g. "
             "https://git.example.com/team/app.git");
}

Result<std::string> parse_link(std::string_view text) {
  if (text.empty() || text.size() > kMaxLink || text.find('\0') != std::string_view::npos)
    return bad(text, "is not the text of a symlink");
  return std::string(text);
}

Result<std::string> parse_text(std::string_view text) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) return bad(text, "is not UTF-8 or holds NUL");
  return std::string(text);
}

std::optional<std::string> own_folder_pattern(const stdfs::path& project, const stdfs::path& source) {
  std::error_code none;
  const stdfs::path own = stdfs::absolute(project, none).lexically_normal() / ".slipway";
  const stdfs::path relative =
      own.lexically_relative(stdfs::absolute(source, none).lexically_normal()).lexically_normal();
  if (relative.empty() || *relative.begin() == "..") return std::nullopt;
  std::string pattern;
  for (const char c : relative.native()) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern;
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
