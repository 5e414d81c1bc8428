#include "release/plaintext.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "slipway/base/text.h"

namespace slipway::release {
namespace {

struct Form {
  std::string_view begin;
  std::size_t length;  ///< at least
  std::string_view what;
};

/// How those who issue keys let them be recognised.
constexpr std::array kForms{Form{"AKIA", 20, "an AWS access key"}, Form{"ASIA", 20, "an AWS access key"},
                            Form{"AIza", 35, "a Google API key"},  Form{"ghp_", 20, "a GitHub token"},
                            Form{"gho_", 20, "a GitHub token"},    Form{"ghs_", 20, "a GitHub token"},
                            Form{"ghu_", 20, "a GitHub token"},    Form{"github_pat_", 20, "a GitHub token"},
                            Form{"glpat-", 20, "a GitLab token"},  Form{"xoxb-", 20, "a Slack token"},
                            Form{"xoxp-", 20, "a Slack token"},    Form{"sk_live_", 20, "a Stripe key"},
                            Form{"rk_live_", 20, "a Stripe key"},  Form{"npm_", 30, "an npm token"},
                            Form{"hvs.", 20, "a Vault token"},     Form{"dckr_pat_", 20, "a Docker token"},
                            Form{"SG.", 40, "a SendGrid key"},     Form{"AGE-SECRET-KEY-", 20, "an age key"}};

/// Words of a name that say what the value is, and last words that say it is about a secret without being one.
constexpr std::array<std::string_view, 19> kTelling{
    "PASSWORD",    "PASSWD",         "PASSPHRASE", "SECRET",    "TOKEN",     "APIKEY",     "API_KEY",     "ACCESS_KEY",
    "PRIVATE_KEY", "CREDENTIALS",    "PWD",        "SECRETKEY", "ACCESSKEY", "PRIVATEKEY", "ACCOUNT_KEY", "MASTER_KEY",
    "SIGNING_KEY", "ENCRYPTION_KEY", "HMAC_KEY"};
/// Telling only as a whole last word: DB_PASS, REDISCLI_AUTH; not PASS_THROUGH, AUTH_MODE.
constexpr std::array<std::string_view, 2> kTellingLast{"PASS", "AUTH"};
/// Telling also where a product's name is glued before them: PGPASSWORD.
constexpr std::array<std::string_view, 3> kTellingEnds{"PASSWORD", "PASSWD", "PASSPHRASE"};
/// Members of connection strings, queries and JSON whose values are secrets.
constexpr std::array<std::string_view, 9> kTellingMembers{
    "password", "passwd", "pwd", "secret", "apikey", "client_secret", "accountkey", "access_token", "sharedaccesskey"};
constexpr std::array<std::string_view, 20> kAbout{
    "FILE",   "PATH", "DIR",  "URL",    "URI",       "NAME",   "ID",       "TTL",     "TIMEOUT", "AGE",
    "LENGTH", "SIZE", "TYPE", "HEADER", "ALGORITHM", "ISSUER", "AUDIENCE", "ENABLED", "POLICY",  "COUNT"};

bool all_of(std::string_view text, bool (*fits)(char)) { return std::all_of(text.begin(), text.end(), fits); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Random keys are written so.
bool is_key_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '=' ||
         c == '_' || c == '-';
}

double bits_per_character(std::string_view text) {
  std::array<int, 256> seen{};
  for (const char c : text)
    ++seen[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const int n : seen) {
    if (n == 0) continue;
    const double share = static_cast<double>(n) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

/// Hexadecimal digests and UUIDs have less; words with dashes have fewer kinds of characters.
bool is_random(std::string_view value) {
  constexpr std::size_t kShortest = 32;
  constexpr double kBits = 4.2;
  if (value.size() < kShortest || !all_of(value, is_key_character)) return false;
  const bool lower = std::any_of(value.begin(), value.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool upper = std::any_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return lower && upper && std::any_of(value.begin(), value.end(), is_digit) && bits_per_character(value) >= kBits;
}

bool has_password_in_url(std::string_view value) {
  const std::size_t scheme = value.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = value.substr(scheme + 3, value.find_first_of("/?#", scheme + 3) - scheme - 3);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::size_t colon = authority.substr(0, at).find(':');
  return colon != std::string_view::npos && colon + 1 < at;
}

bool is_json_web_token(std::string_view value) {
  return value.substr(0, 3) == "eyJ" && value.find(".eyJ") != std::string_view::npos;
}

/// Words in capitals with _ between them, also those of "dbPassword".
std::string words_of(std::string_view name) {
  std::string words;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if (is_upper && after_lower) words += '_';
    words += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return words;
}

/// "DB_PASSWORD", "TOKEN2"; not "TOKEN_TTL", "MONKEY".
bool has_telling_name(std::string_view name) {
  std::string upper = words_of(name);
  while (!upper.empty() && (is_digit(upper.back()) || upper.back() == '_'))
    upper.pop_back();
  const std::string last = upper.substr(upper.rfind('_') + 1);
  if (std::find(kAbout.begin(), kAbout.end(), last) != kAbout.end()) return false;
  if (last != upper && std::find(kTellingLast.begin(), kTellingLast.end(), last) != kTellingLast.end()) return true;
  if (std::any_of(kTellingEnds.begin(), kTellingEnds.end(), [&](std::string_view end) { return last.ends_with(end); }))
    return true;
  const std::string whole = "_" + upper + "_";
  return std::any_of(kTelling.begin(), kTelling.end(), [&](std::string_view word) {
    return whole.find("_" + std::string(word) + "_") != std::string::npos;
  });
}

std::optional<std::string> issued_key(std::string_view value) {
  for (const Form& form : kForms) {
    if (value.size() >= form.length && value.substr(0, form.begin.size()) == form.begin &&
        all_of(value.substr(form.begin.size()), [](char c) { return is_key_character(c) || c == '.'; }))
      return std::string(form.what);
  }
  return std::nullopt;
}

/// A member's value that a template or a person fills in later.
bool is_placeholder(std::string_view value) {
  constexpr std::string_view kMarks = "${<%*&;";
  return value.empty() || kMarks.find(value.front()) != std::string_view::npos;
}

/// `...;Password=x`, `...?user=u&password=x`, `{"password": "x"}`.
bool has_telling_member(std::string_view value) {
  const std::string lower = to_lower(value);
  for (const std::string_view member : kTellingMembers) {
    for (std::size_t at = lower.find(member); at != std::string::npos; at = lower.find(member, at + 1)) {
      const char before = at == 0 ? ';' : lower[at - 1];
      std::string_view rest = std::string_view(lower).substr(at + member.size());
      if (before == '"' && rest.starts_with('"')) {
        rest = trim(rest.substr(1));
        if (!rest.starts_with(':')) continue;
        rest = trim(rest.substr(1));
        if (rest.starts_with('"') && rest.size() > 1 && rest[1] != '"' && !is_placeholder(rest.substr(1))) return true;
      } else if (std::string_view(";&?, ").find(before) != std::string_view::npos && rest.starts_with('=')) {
        if (!is_placeholder(rest.substr(1))) return true;
      }
    }
  }
  return false;
}

/// The value of an Authorization header.
bool is_authorization(std::string_view value) {
  constexpr std::size_t kShortest = 8;
  const bool basic = value.starts_with("Basic ");
  if (!basic && !value.starts_with("Bearer ")) return false;
  const std::string_view credentials = value.substr(basic ? 6 : 7);
  return credentials.size() >= kShortest && all_of(credentials, [](char c) { return is_key_character(c) || c == '.'; });
}

/// Values that are not a secret, whatever their name.
bool is_harmless(std::string_view value) {
  const std::string lower = to_lower(value);
  constexpr std::size_t kLongNumber = 5;
  return value.empty() || value.front() == '/' || lower == "true" || lower == "false" || lower == "none" ||
         (all_of(value, is_digit) && value.size() <= kLongNumber);
}

}  // namespace

std::optional<std::string> looks_secret(std::string_view name, std::string_view value) {
  if (value.find("-----BEGIN ") != std::string_view::npos && value.find("PRIVATE KEY") != std::string_view::npos)
    return "a private key";
  if (auto what = issued_key(value)) return what;
  if (is_json_web_token(value)) return "a JSON web token";
  if (has_password_in_url(value)) return "a URL with a password";
  if (is_authorization(value)) return "the value of an Authorization header";
  if (has_telling_member(value)) return "a connection string or document with a password";
  if (is_random(value)) return "random text of a key's length";
  if (has_telling_name(name) && !is_harmless(value)) return "a secret, by its name";
  return std::nullopt;
}

std::optional<std::string> holds_secret(std::string_view text) {
  if (text.find("-----BEGIN ") != std::string_view::npos && text.find("PRIVATE KEY-----") != std::string_view::npos)
    return "a private key";
  constexpr std::string_view kBetween = " \t\r\n\"'`,;=<>()[]{}";
  for (std::size_t at = 0; (at = text.find_first_not_of(kBetween, at)) != std::string_view::npos;) {
    const std::string_view word = text.substr(at, text.find_first_of(kBetween, at) - at);
    at += word.size();
    if (auto what = issued_key(word)) return what;
    if (is_json_web_token(word)) return "a JSON web token";
    if (has_password_in_url(word)) return "a URL with a password";
  }
  return std::nullopt;
}

}  // namespace slipway::release
