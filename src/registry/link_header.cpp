#include "registry/link_header.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kBlanks = " \t";

struct Link {
  std::string target;
  std::string relations;
  bool has_relations = false;
  bool is_about_another = false;  // has an anchor
};

/// Reads the link-values of one header.
class LinkParser {
 public:
  explicit LinkParser(std::string_view text) : text_(text) {}

  Result<std::vector<Link>> parse() {
    std::vector<Link> links;
    while (true) {
      skip(" \t,");
      if (at_end()) return links;
      Link link;
      SLIPWAY_ASSIGN(link.target, target());
      while (skip(kBlanks), peek() == ';')
        parameter(link);
      if (!at_end() && peek() != ',') return refuse();
      links.push_back(std::move(link));
    }
  }

 private:
  Result<std::string> target() {
    if (peek() != '<') return std::string(trim(until(";,")));
    ++at_;
    std::string found(until(">"));
    if (at_end()) return refuse();
    ++at_;
    return found;
  }

  /// Reads `;name`, `;name=token` and `;name="quoted"`. The first `rel` counts.
  void parameter(Link& link) {
    ++at_;
    skip(kBlanks);
    const std::string name = to_lower(trim(until("=;,")));
    std::string value;
    if (peek() == '=') {
      ++at_;
      skip(kBlanks);
      value = peek() == '"' ? quoted() : std::string(trim(until(";,")));
    }
    if (name == "anchor") link.is_about_another = true;
    if (name != "rel" || link.has_relations) return;
    link.has_relations = true;
    link.relations = to_lower(value);
  }

  std::string quoted() {
    std::string value;
    for (++at_; !at_end() && peek() != '"'; ++at_) {
      if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    if (!at_end()) ++at_;
    return value;
  }

  std::string_view until(std::string_view ends) {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(ends, at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }
  void skip(std::string_view characters) { at_ = std::min(text_.find_first_not_of(characters, at_), text_.size()); }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  tl::unexpected<Error> refuse() const {
    constexpr std::size_t kShown = 200;
    return fail(Errc::network, "the Link header cannot be read: \"{}\"", printable(text_, kShown));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_next(const Link& link) {
  if (link.is_about_another) return false;
  const std::vector<std::string> relations = split(link.relations, ' ');
  return std::find(relations.begin(), relations.end(), "next") != relations.end();
}

}  // namespace

Result<std::optional<std::string>> next_link(const std::vector<std::string>& headers) {
  for (const std::string& header : headers) {
    SLIPWAY_ASSIGN(const auto links, LinkParser(header).parse());
    const auto next = std::find_if(links.begin(), links.end(), is_next);
    if (next != links.end()) return std::optional(next->target);
  }
  return std::optional<std::string>();
}

}  // namespace slipway::registry
