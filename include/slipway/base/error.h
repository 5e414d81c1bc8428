#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway {

/// The reason of a failure; callers branch on this and on nothing else.
enum class Errc {
  failed,               ///< disk full, read error, anything local (exit 1)
  invalid_argument,     ///< wrong usage or configuration (exit 2)
  unsupported,          ///< understood, but not possible here (exit 2)
  policy_denied,        ///< refused by policy, hold or denied digest (exit 11)
  verification_failed,  ///< digest, size, diff ID, chain or layout is not what was promised (exit 12)
  malformed,            ///< foreign bytes break their own format (exit 12)
  too_large,            ///< foreign bytes exceed a limit of ours (exit 12)
  not_found,            ///< something named is not there (exit 13)
  unauthorized,         ///< 401 (exit 14)
  forbidden,            ///< 403 (exit 14)
  network,              ///< DNS, refused, TLS, timeout, 5xx after retries (exit 15)
  rate_limited,         ///< 429 after retries (exit 15)
  conflict,             ///< stale plan, lost race, a tag moved by somebody else (exit 16)
  already_exists,       ///< a name that must be new is taken (exit 16)
  cancelled,            ///< a stop was requested: SIGINT or SIGTERM (exit 130 or 143)
  internal,             ///< a defect of slipway (exit 1)
};

/// The end of a transfer that an error belongs to.
enum class Side { local, source, destination };

/// A place in a text file; row and column count from 1, column in bytes; 0 means unknown.
struct Where {
  std::string file;
  int row = 0;
  int col = 0;
};

/// A registry's own words, beside its status code.
struct HttpDetail {
  int status = 0;
  std::string code;    ///< distribution-spec error code, e.g. MANIFEST_UNKNOWN
  std::string detail;  ///< the server's words, made printable and shortened
};

/// One failure. A value: built where it happens, enriched on the way up, shown once in cli. Texts from outside are made
/// printable by whoever puts them in.
struct Error {
  Errc code = Errc::failed;
  std::string message;  ///< what was attempted and why it failed, no trailing period
  Side side = Side::local;
  std::optional<Where> where;
  std::optional<HttpDetail> http;
  std::string hint;                ///< one thing to do next
  std::vector<std::string> trail;  ///< what was being done, innermost first: "reading the base x"; shown after "while "
  std::vector<Error> causes;       ///< the problems that combine() put into this one

  Error();
  Error(Errc c, std::string m);
  Error(const Error&);
  Error(Error&&) noexcept;
  Error& operator=(const Error&);
  Error& operator=(Error&&) noexcept;
  ~Error();

  /// Adds a line to the trail.
  Error in(std::string doing) &&;
  /// Sets a member that is not set yet: the innermost caller knows best, so a second call changes nothing.
  Error with_hint(std::string text) &&;
  Error at(Where place) &&;
  Error on(Side which) &&;

  /// Returns the error with its causes, trail and hint as lines for a person, without a final newline and without
  /// "slipway: error:".
  std::string describe() const;
};

/// Folds several errors into one. Its code is the first one's if all have the same exit status, else Errc::failed. One
/// error is returned as it is; `errors` must not be empty.
Error combine(std::vector<Error> errors);

/// An exit status of the program and what it tells a script.
struct ExitStatus {
  int status;
  std::string_view meaning;
};

/// The one table of exit statuses, in ascending order: help, the man page and docs/CLI.md are written from it.
std::span<const ExitStatus> exit_statuses();

/// Returns the program's exit status for a code; always one of exit_statuses(). For `cancelled` 130: cli knows the
/// signal.
int exit_status(Errc code);

/// Returns the code's name as printed in JSON events and docs, e.g. "not_found".
std::string_view name_of(Errc code);

}  // namespace slipway

// Compiled once, in error.cpp: every function that can fail uses them (docs/DECISIONS/0012).
extern template class std::vector<slipway::Error>;
