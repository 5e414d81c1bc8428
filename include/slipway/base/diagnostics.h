#pragma once

#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// Collects every problem of a document so that all are reported at once.
class Diagnostics {
 public:
  void error(Where where, std::string message, std::string hint = {});
  void warning(Where where, std::string message);
  void add(Error error) { errors_.push_back(std::move(error)); }

  bool has_errors() const { return !errors_.empty(); }
  const std::vector<Error>& errors() const { return errors_; }
  const std::vector<Error>& warnings() const { return warnings_; }

  /// Success when nothing was reported, else one Error holding all, in the order of their places.
  Status status() &&;

 private:
  std::vector<Error> errors_;
  std::vector<Error> warnings_;
};

}  // namespace slipway
