package app

import _ "time/tzdata" // people name times in their own zones, and a container may have none
