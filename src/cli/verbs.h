#pragma once

#include "cli/command.h"

namespace slipway::cli {

// Commands that crane and oras have: of command_mutate.cpp and command_artifact.cpp.
Command mutate_command();
Command append_command();
Command flatten_command();
Command put_command();
Command get_command();
Command attach_command();
Command blob_command();
Command catalog_command();

}  // namespace slipway::cli
