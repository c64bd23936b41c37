//! Cards: the reading over a virtual card in memory, then the real program over pcscd and virtual readers.

mod reading;
