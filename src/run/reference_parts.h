#pragma once

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// Returns the reference that parts make: registry/name:tag@digest, whatever form the digest has in them.
std::string reference_of(const ReferenceParts& parts);

/// Returns true if neither a tag nor a digest stands in the parts. The chart chooses one then, so that a registry's
/// "latest" says nothing about it.
bool has_unknown_tag(const ReferenceParts& parts);

/// Returns true if the registry stands elsewhere, for several references, and cannot be changed for one.
bool has_outer_registry(const ReferenceParts& parts);

/// Adds the edits that turn the parts into a pin, and returns the reference that they make afterwards.
std::string set_parts(const ReferenceParts& parts, const PinnedReference& pin, FileEdits& edits);

/// The edits that give a reference its pin, and the reference afterwards.
struct PinEdits {
  FileEdits edits;
  std::string after;
};

/// Returns the edits of a reference; none if it has its pin already. `location` is that of its text.
PinEdits edits_of(const FoundReference& found, const oci::Location& location, const PinnedReference& pin);

}  // namespace slipway::run
