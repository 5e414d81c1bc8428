#pragma once

#include <string>
#include <string_view>

#include "slipway/base/result.h"

namespace slipway::release {

/// Who is asked for a secret, and for what. A value; the secret itself is never in it.
struct SecretReference {
  enum class Kind { helper, variable, file };
  Kind kind = Kind::helper;
  std::string name;  ///< of the helper slipway-secret-NAME, of the variable, or the file's path
  std::string path;  ///< helper: where its store has the secret
  std::string key;   ///< helper: which member of it; may be empty

  /// `secret://NAME/path#key`, `env://NAME` or `file://PATH`. Errc::invalid_argument.
  static Result<SecretReference> parse(std::string_view text);
};

/// Whether a value is meant as a reference: it begins with one of the three schemes.
bool is_secret_reference(std::string_view value);

/// `[A-Za-z_][A-Za-z0-9_]*`.
bool is_variable_name(std::string_view text);

}  // namespace slipway::release
