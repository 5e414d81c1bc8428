#include "slipway/base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace slipway {
namespace {

struct CodeInfo {
  Errc code;
  int exit;
  std::string_view name;
};

constexpr std::array kCodes{
    CodeInfo{Errc::failed, 1, "failed"},
    CodeInfo{Errc::invalid_argument, 2, "invalid_argument"},
    CodeInfo{Errc::unsupported, 2, "unsupported"},
    CodeInfo{Errc::policy_denied, 11, "policy_denied"},
    CodeInfo{Errc::verification_failed, 12, "verification_failed"},
    CodeInfo{Errc::malformed, 12, "malformed"},
    CodeInfo{Errc::too_large, 12, "too_large"},
    CodeInfo{Errc::not_found, 13, "not_found"},
    CodeInfo{Errc::unauthorized, 14, "unauthorized"},
    CodeInfo{Errc::forbidden, 14, "forbidden"},
    CodeInfo{Errc::network, 15, "network"},
    CodeInfo{Errc::rate_limited, 15, "rate_limited"},
    CodeInfo{Errc::conflict, 16, "conflict"},
    CodeInfo{Errc::already_exists, 16, "already_exists"},
    CodeInfo{Errc::cancelled, 130, "cancelled"},
    CodeInfo{Errc::internal, 1, "internal"},
};

// 10 and 125 belong to commands, 143 to SIGTERM: no Errc leads to them.
constexpr std::array kStatuses{
    ExitStatus{0, "success"},
    ExitStatus{1, "failure: disk full, read error, an input changed while it was read"},
    ExitStatus{2, "wrong usage or configuration"},
    ExitStatus{10, "changes pending, or drift"},
    ExitStatus{11, "refused by policy"},
    ExitStatus{12, "verification failed: digest, size, layout or ledger chain"},
    ExitStatus{13, "something named does not exist"},
    ExitStatus{14, "the registry answered 401 or 403"},
    ExitStatus{15, "network failure: DNS, connection, TLS, timeout; 429 or 5xx after retries"},
    ExitStatus{16, "conflict: stale plan, lost race, or a tag moved by somebody else"},
    ExitStatus{125, "slipway run: the program was not started"},
    ExitStatus{130, "interrupted by SIGINT"},
    ExitStatus{143, "terminated by SIGTERM"},
};

const CodeInfo& info(Errc code) {
  return *std::find_if(kCodes.begin(), kCodes.end(), [&](const CodeInfo& c) { return c.code == code; });
}

std::string place(const Where& where) {
  if (where.row == 0) return where.file;
  if (where.col == 0) return fmt::format("{}:{}", where.file, where.row);
  return fmt::format("{}:{}:{}", where.file, where.row, where.col);
}

std::string headline(const Error& error) {
  std::string text;
  if (error.where && !error.where->file.empty()) text += place(*error.where) + ": ";
  if (error.side == Side::source) text += "source: ";
  if (error.side == Side::destination) text += "destination: ";
  text += error.message;
  if (error.http && error.http->status != 0) {
    text += fmt::format(" (HTTP {}{}{})", error.http->status, error.http->code.empty() ? "" : " ", error.http->code);
  }
  if (error.http && !error.http->detail.empty()) text += "\n  response from the registry: " + error.http->detail;
  return text;
}

}  // namespace

Error::Error() = default;
Error::Error(Errc c, std::string m) : code(c), message(std::move(m)) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Error Error::in(std::string doing) && {
  trail.push_back(std::move(doing));
  return std::move(*this);
}

Error Error::with_hint(std::string text) && {
  if (hint.empty()) hint = std::move(text);
  return std::move(*this);
}

Error Error::at(Where place_in_file) && {
  if (!where) where = std::move(place_in_file);
  return std::move(*this);
}

Error Error::on(Side which) && {
  if (side == Side::local) side = which;
  return std::move(*this);
}

std::string Error::describe() const {
  std::string text;
  if (causes.empty()) {
    text = headline(*this);
  } else {
    for (const Error& cause : causes) {
      if (!text.empty()) text += '\n';
      text += cause.describe();
    }
  }
  for (const std::string& line : trail)
    text += "\n  while " + line;
  if (!hint.empty()) text += "\n  hint: " + hint;
  return text;
}

Error combine(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  Error all;
  const bool common = std::all_of(errors.begin(), errors.end(),
                                  [&](const Error& e) { return exit_status(e.code) == exit_status(errors[0].code); });
  all.code = common ? errors.front().code : Errc::failed;
  all.message = fmt::format("{} problems", errors.size());
  all.causes = std::move(errors);
  return all;
}

std::span<const ExitStatus> exit_statuses() { return kStatuses; }

int exit_status(Errc code) { return info(code).exit; }

std::string_view name_of(Errc code) { return info(code).name; }

}  // namespace slipway

template class std::vector<slipway::Error>;
