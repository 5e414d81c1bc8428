#include "slipway/release/secret_reference.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::release {
namespace {

constexpr std::string_view kHelper = "secret://";
constexpr std::string_view kVariable = "env://";
constexpr std::string_view kFile = "file://";
constexpr std::size_t kMaxHelperName = 60;

bool begins(std::string_view text, std::string_view scheme) { return text.substr(0, scheme.size()) == scheme; }

/// The characters of a program's name: nothing that leads to another folder.
bool is_helper_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kMaxHelperName && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), plain);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Error wrong(std::string_view text, std::string_view why, std::string hint) {
  return Error(Errc::invalid_argument, fmt::format("\"{}\" {}", printable(text, 200), why)).with_hint(std::move(hint));
}

Result<SecretReference> parse_helper(std::string_view text) {
  const std::string_view rest = text.substr(kHelper.size());
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  if (!is_helper_name(name)) {
    return fail(wrong(text, "names no helper", "write secret://NAME/path#key; NAME has a-z, 0-9 and dashes"));
  }
  const std::string_view tail = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  const std::size_t hash = tail.find('#');
  SecretReference reference{SecretReference::Kind::helper, std::string(name), std::string(tail.substr(0, hash)), {}};
  if (hash != std::string_view::npos) reference.key = tail.substr(hash + 1);
  if (reference.path.empty()) return fail(wrong(text, "has no path", "write secret://NAME/path#key"));
  if (hash != std::string_view::npos && reference.key.empty()) {
    return fail(wrong(text, "has nothing after '#'", "name the key, or leave out '#'"));
  }
  return reference;
}

}  // namespace

bool is_variable_name(std::string_view text) {
  const auto head = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && head(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return head(c) || (c >= '0' && c <= '9'); });
}

bool is_secret_reference(std::string_view value) {
  return begins(value, kHelper) || begins(value, kVariable) || begins(value, kFile);
}

Result<SecretReference> SecretReference::parse(std::string_view text) {
  if (has_control(text)) return fail(wrong(text, "has control characters", "write the reference on one line"));
  if (begins(text, kHelper)) return parse_helper(text);
  if (begins(text, kVariable)) {
    const std::string_view name = text.substr(kVariable.size());
    if (!is_variable_name(name)) return fail(wrong(text, "names no variable", "write env://NAME"));
    return SecretReference{Kind::variable, std::string(name), {}, {}};
  }
  if (begins(text, kFile)) {
    const std::string_view path = text.substr(kFile.size());
    if (path.empty()) return fail(wrong(text, "names no file", "write file:///run/secrets/name"));
    return SecretReference{Kind::file, std::string(path), {}, {}};
  }
  return fail(wrong(text, "is not a reference to a secret", "begin it with secret://, env:// or file://"));
}

}  // namespace slipway::release
