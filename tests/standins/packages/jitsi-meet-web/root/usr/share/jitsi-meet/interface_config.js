/* STAND-IN for interface_config.js: a few of the genuine keys with their genuine defaults. */
var interfaceConfig = {
    APP_NAME: 'Jitsi Meet',
    DEFAULT_WELCOME_PAGE_LOGO_URL: 'images/watermark.svg',
    DISPLAY_WELCOME_FOOTER: true,
    HIDE_INVITE_MORE_HEADER: false,
    JITSI_WATERMARK_LINK: 'https://jitsi.org',
    LANG_DETECTION: true,
    MOBILE_APP_PROMO: true,
    NATIVE_APP_NAME: 'Jitsi Meet',
    PROVIDER_NAME: 'Jitsi',
    SHOW_BRAND_WATERMARK: false,
    SHOW_JITSI_WATERMARK: true,
    SHOW_POWERED_BY: false,
    SHOW_PROMOTIONAL_CLOSE_PAGE: false,
    SUPPORT_URL: 'https://community.jitsi.org/'
};
