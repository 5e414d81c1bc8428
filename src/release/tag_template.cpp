#include "release/tag_template.h"

#include <array>

#include "slipway/base/text.h"
#include "slipway/oci/location.h"

namespace slipway::release {
namespace {

struct Placeholder {
  std::string_view text;
  std::string TagWords::*word;
  std::string_view annotation;
};

constexpr std::array kPlaceholders{
    Placeholder{"{number}", &TagWords::number, ""},
    Placeholder{"{version}", &TagWords::version, "org.opencontainers.image.version"},
    Placeholder{"{revision}", &TagWords::revision, "org.opencontainers.image.revision"},
};

Result<std::string> replace(std::string tag, const Placeholder& placeholder, const TagWords& words) {
  const std::string& word = words.*placeholder.word;
  std::size_t at = tag.find(placeholder.text);
  if (at != std::string::npos && word.empty()) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("the tag \"{}\" needs {}, which the build does not have", tag, placeholder.text))
                    .with_hint(fmt::format("build with the annotation {}", placeholder.annotation)));
  }
  for (; at != std::string::npos; at = tag.find(placeholder.text, at + word.size())) {
    tag.replace(at, placeholder.text.size(), word);
  }
  return tag;
}

}  // namespace

Result<std::string> expand_tag_template(const std::string& text, const TagWords& words) {
  std::string tag = text;
  for (const Placeholder& placeholder : kPlaceholders) {
    SLIPWAY_ASSIGN(tag, replace(std::move(tag), placeholder, words));
  }
  if (oci::is_valid_tag(tag)) return tag;
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not a tag{}", printable(tag, 150),
                                                        tag == text ? "" : fmt::format(" (from \"{}\")", text)))
                  .with_hint("letters, digits, _ . and -, at most 128; {number} {version} {revision} may stand in it"));
}

Status check_tag_template(const std::string& text) {
  SLIPWAY_TRY(expand_tag_template(text, {.number = "1", .version = "1", .revision = "1"}));
  return {};
}

}  // namespace slipway::release
