"""What runs programs: pyjsapi in every way it translates, and the engines that it is compared with."""
