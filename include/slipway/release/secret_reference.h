#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::release {

/// A parsed reference to a secret: where it is, never the secret itself. A value.
struct SecretReference {
  enum class Kind { helper, variable, file };
  Kind kind = Kind::helper;
  std::string name;  ///< NAME of the helper slipway-secret-NAME, the variable, or the file's path
  std::string path;  ///< helper: the path of the secret in its store
  std::string key;   ///< helper: the member of the secret; may be empty

  /// `secret://NAME/path#key`, `env://NAME` or `file://PATH`. Errc::invalid_argument.
  static Result<SecretReference> parse(std::string_view text);
};

/// Returns true if a value begins with one of the three schemes.
bool is_secret_reference(std::string_view value);

/// Returns true for `[A-Za-z_][A-Za-z0-9_]*`.
bool is_variable_name(std::string_view text);

}  // namespace slipway::release
