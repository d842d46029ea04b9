// React's development build records a performance entry for every render and never frees it; a screen that is redrawn
// for hours needs the production build. React chooses when it is first imported, so this module has to come before it:
// a .tsx file cannot do that, since the compiler puts the JSX runtime first.
process.env.NODE_ENV ??= 'production';
