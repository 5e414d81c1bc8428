#include "slipway/registry/challenge.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kMaxHeader = 8u << 10;
constexpr std::size_t kMaxChallenges = 16;

bool is_token(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

/// Reads RFC 9110 section 11.6.1: a comma separates challenges and parameters alike.
class ChallengeParser {
 public:
  explicit ChallengeParser(std::string_view text) : text_(text) {}

  Result<std::vector<Challenge>> parse() {
    while (true) {
      skip(" \t,");
      if (at_ == text_.size()) return std::move(challenges_);
      const std::string word(token());
      if (word.empty()) return refuse();
      skip(" \t");
      if (peek() == '=' && !challenges_.empty()) {
        SLIPWAY_TRY(parameter(word));
      } else {
        SLIPWAY_TRY(scheme(word));
      }
    }
  }

 private:
  Status scheme(const std::string& name) {
    if (challenges_.size() == kMaxChallenges) return fail(Errc::network, "WWW-Authenticate holds too many challenges");
    challenges_.push_back({to_lower(name), {}});
    // "Negotiate abc==": token68 data instead of parameters, of no use here.
    const std::size_t begin = at_;
    const std::string_view word = token();
    std::size_t end = at_;
    while (end < text_.size() && text_[end] == '=')
      ++end;
    const bool data = !word.empty() && (end == text_.size() || text_[end] == ',') && (end > at_ || end == text_.size());
    at_ = data ? end : begin;
    return {};
  }

  Status parameter(const std::string& name) {
    ++at_;  // "="
    skip(" \t");
    std::string value;
    if (peek() == '"') {
      ++at_;
      while (peek() != '"') {
        if (peek() == '\\') ++at_;
        if (at_ >= text_.size()) return refuse();
        value += text_[at_++];
      }
      ++at_;
    } else {
      value = std::string(token());
      if (value.empty() && peek() != ',' && at_ != text_.size()) return refuse();
    }
    challenges_.back().params.emplace(to_lower(name), std::move(value));  // the first of two wins
    return {};
  }

  std::string_view token() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_token(text_[at_]))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip(std::string_view characters) { at_ = std::min(text_.find_first_not_of(characters, at_), text_.size()); }
  tl::unexpected<Error> refuse() const {
    return fail(Errc::network, "WWW-Authenticate is damaged: \"{}\"", printable(text_, 200));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Challenge> challenges_;
};

}  // namespace

Result<std::vector<Challenge>> parse_challenges(std::string_view header) {
  if (header.size() > kMaxHeader)
    return fail(Errc::network, "WWW-Authenticate is more than {}", human_bytes(kMaxHeader));
  return ChallengeParser(header).parse();
}

}  // namespace slipway::registry
